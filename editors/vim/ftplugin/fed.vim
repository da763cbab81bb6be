" Settings for programs in Fed.

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=//\ %s
setlocal comments=s1:/*,mb:*,ex:*/,:///,://
setlocal formatoptions-=t formatoptions+=croql
setlocal shiftwidth=2 softtabstop=2 expandtab
setlocal autoindent smartindent
setlocal suffixesadd=.fed
setlocal define=^\\s*\\%(native\\s\\+\\)\\=\\%(fn\\\|struct\\\|param\\\|let\\)\\>
compiler fedc

let b:undo_ftplugin = 'setlocal commentstring< comments< formatoptions< shiftwidth< softtabstop< expandtab< autoindent< smartindent<'
  \ . ' suffixesadd< define< makeprg< errorformat<'
