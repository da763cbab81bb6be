" `:make` checks the file with fedc. Set g:fedc_path if fedc is not in $PATH.

if exists('g:current_compiler')
  finish
endif
let g:current_compiler = 'fedc'

let s:fedc = escape(shellescape(get(g:, 'fedc_path', 'fedc'), 1), ' \|"')
execute 'CompilerSet makeprg=' . s:fedc . '\ check\ --color=never\ %:S'

" error[E0207]: message
"  --> file:line:column
CompilerSet errorformat=%E%trror[E%n]:\ %m,%W%tarning[E%n]:\ %m,%Z\ %#-->\ %f:%l:%c,%+Gerror:\ %m,%-G%.%#
