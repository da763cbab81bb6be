" Vim syntax of Fed, a language for federated computations.
" The lists of words are written by editors/generate.py, all else by hand.

if exists('b:current_syntax')
  finish
endif
syn case match

" From here to the next mark: written by editors/generate.py.
syn keyword fedControl for in if else
syn keyword fedImport use
syn keyword fedDeclaration fn struct let var
syn keyword fedOperator as
syn keyword fedConstant true false
syn keyword fedScalar bool i8 i16 i32 i64 u8 u16 u32 u64 bf16 f16 f32 f64 str key
syn keyword fedPlace contained server clients
syn keyword fedIntrinsic federated_broadcast federated_value federated_sum federated_aggregate federated_collect federated_select
syn keyword fedIntrinsic federated_secure_sum federated_secure_sum_bitwidth federated_secure_modular_sum federated_keys
syn keyword fedIntrinsic federated_histogram federated_quantiles federated_heavy_hitters federated_heavy_strings federated_most_frequent
syn keyword fedIntrinsic federated_frequent_items federated_distinct_count federated_k_means federated_mean federated_min federated_max
syn keyword fedIntrinsic federated_map federated_zip federated_apply federated_count federated_mean_or_zero federated_average
syn keyword fedIntrinsic federated_merge federated_clamped_sum federated_outside federated_quantized_sum federated_symmetric_modular_sum
syn keyword fedIntrinsic federated_modular_clipped_sum
syn keyword fedBuiltin contained exp expm1 log log1p sqrt rsqrt sin cos tanh sigmoid erf erf_inv lgamma digamma abs sign floor ceil round
syn keyword fedBuiltin contained relu is_finite constant pow atan2 min max where sum prod mean any all norm dot argmax argmin sort argsort
syn keyword fedBuiltin contained top_k cumsum zeros ones highest lowest full reshape ravel unravel transpose concat pad reverse shape size
syn keyword fedBuiltin contained len leaves ilog2 next_pow2 map_leaves each_leaf solve conv2d max_pool grad value_and_grad jvp vjp vmap
syn keyword fedBuiltin contained checkpoint map filter flat_map zip enumerate take skip shuffle repeat batch count fold collect key split
syn keyword fedBuiltin contained fold_in clone uniform normal truncated_normal bernoulli rademacher randint permutation exponential gumbel
syn keyword fedBuiltin contained laplace bytes hash assert dbg assert_close clients declassify log_sum_exp softmax clamp safe_divide log2
syn keyword fedBuiltin contained square process
" End of what editors/generate.py writes.

" Names. What begins with a capital is a type.
syn match fedTypeName /\<_*\u\w*\>/
syn match fedCall /\<_*\l\w*\>\ze\s*(/ contains=fedBuiltin
syn match fedMember /\.\@1<!\.\zs_*\l\w*\>\ze\%(\s*(\)\@!/
syn match fedWildcard /\<_\>/
" `T: vector + num` in the parameters of a generic function.
syn match fedTypeParameter /\<_*\u\w*\s*:\s*_*\l\w*\%(\s*+\s*_*\l\w*\)*/ contains=fedTypeName,fedBound
syn match fedBound /\<_*\l\w*\>/ contained

" Words that are names in most places.
syn match fedDeclaration /\<param\>\ze\s\+\%(\%(in\|as\)\>\)\@!_*\a/
syn match fedOther /\<policy\>\ze\s\+\%(\%(in\|as\)\>\)\@!_*\a/
syn match fedOther /\<native\>\ze\s\+fn\>/
syn match fedOther /\<derivative\s\+of\>/
syn match fedOther /\<test\>\ze\s*"/
syn match fedOther /\%(^\|[;}]\)\@1<=\s*\%(run\|budget\)\>\ze\s*{/ nextgroup=fedSettings skipwhite

" `fn` and `struct` before the name that they declare.
syn match fedFunctionName /\%(\<fn\s\+\)\@<=_*\a\w*/
syn match fedStructName /\%(\<struct\s\+\)\@<=_*\a\w*/

" Numbers as the lexer has them: what begins with a digit and is no number is an error.
syn match fedBadNumber /\<\d\w*\%(\.\d\w*\)\=/
syn match fedInteger /\<\%(0x[0-9a-fA-F_]\+\|0b[01_]\+\|0o[0-7_]\+\|\d[0-9_]*\)\>\%(\.\d\)\@!/
syn match fedFloat /\<\d[0-9_]*\%(\.\d[0-9_]*\)\=[eE][+-]\d[0-9_]*/
syn match fedFloat /\<\d[0-9_]*\.\d[0-9_]*\%([eE]\d[0-9_]*\)\=\>/
syn match fedFloat /\<\d[0-9_]*[eE]\d[0-9_]*\>\%(\.\d\)\@!/
syn match fedTupleField /\.\@1<!\.\zs\d[0-9_]*\>/

" Operators. `@` is the matrix product; `@server` and `@clients` without a space are places.
syn match fedSign /[-+%&^<>=!?|]\|\*/
syn match fedSign +/\%([/*]\)\@!+
syn match fedSign /\.\./
syn match fedSign /&&\|||\|->/
syn match fedSign /@/
syn match fedPlacement /@\%(server\|clients\)\>\ze\%(\s*[.(]\)\@!/ contains=fedPlace
syn match fedPlacement /}\@1<=\s*@\s*clients\>/ contains=fedPlace

" The bars of a lambda: `|` where an expression begins, up to the next one on the line.
syn match fedBar /[(,=\[{;:|]\@1<=\s*||/
syn region fedLambda transparent oneline keepend matchgroup=fedBar start=/\%(^\|[(,=\[{;:|]\)\@1<=\s*|\ze[^|]\+|/ end=/|/
  \ contains=fedScalar,fedTypeName,fedPlacement,fedSign,fedInteger,fedLambdaName,fedWildcard
syn match fedLambdaName /\<_*\l\w*\>/ contained

" Brackets. Within `(…)`, `name:` is a parameter and `name =` an argument by name; within `{…}`, `name:` is a field. All close where the
" next declaration begins, so that a forgotten bracket spoils one declaration only.
syn cluster fedCode contains=fedControl,fedImport,fedDeclaration,fedOperator,fedConstant,fedScalar,fedIntrinsic,fedOther,fedTypeName,fedCall
syn cluster fedCode add=fedMember,fedWildcard,fedTypeParameter,fedFunctionName,fedStructName,fedBadNumber,fedInteger,fedFloat,fedTupleField
syn cluster fedCode add=fedSign,fedPlacement,fedBar,fedLambda,fedParentheses,fedBraces,fedString,fedComment,fedDoc,fedBlockComment
syn region fedParentheses transparent matchgroup=fedBracket start=/(/ end=/)/ end=/^\ze\%(\%(native\s\+\)\=fn\|struct\)\>/
  \ contains=@fedCode,fedParameter,fedNamed
syn region fedBraces transparent fold matchgroup=fedBracket start=/{/ end=/}/ end=/^\ze\%(\%(native\s\+\)\=fn\|struct\)\>/
  \ contains=@fedCode,fedField,fedBinding
syn region fedSettings transparent fold contained matchgroup=fedBracket start=/{/ end=/}/ end=/^\ze\%(\%(native\s\+\)\=fn\|struct\)\>/
  \ contains=@fedCode,fedSetting
syn match fedParameter /\<_*\l\w*\ze\s*:/ contained
syn match fedNamed /\<_*\l\w*\ze\s*==\@!/ contained
syn match fedField /\<_*\l\w*\ze\s*:/ contained
syn match fedBinding /\%(\<\%(let\|var\)\s\+\)\@<=_*\l\w*/ contained
syn match fedSetting /\<_*\l\w*\ze\s*\%(:\|==\@!\)/ contained

" Text.
syn region fedString start=/"/ skip=/\\./ end=/"/ end=/$/ oneline contains=fedBadEscape,fedEscape,@Spell
syn match fedBadEscape /\\./ contained
syn match fedEscape /\\\%([nrt0\\"]\|x\x\{2}\|u{\x\+}\)/ contained

" Comments. Those between `/*` and `*/` do not nest.
syn keyword fedTodo TODO FIXME NOTE contained
syn match fedComment +//.*$+ contains=fedTodo,@Spell
syn match fedDoc +///\%(/\)\@!.*$+ contains=fedTodo,@Spell
syn region fedBlockComment start=+/\*+ end=+\*/+ contains=fedTodo,@Spell

" Reads on from a declaration at the left margin.
syn sync match fedSync grouphere NONE /^\%(\%(native\s\+\)\=fn\|struct\|use\|param\)\>/
syn sync maxlines=500

hi def link fedControl Statement
hi def link fedImport Include
hi def link fedDeclaration Keyword
hi def link fedOther Keyword
hi def link fedOperator Keyword
hi def link fedConstant Boolean
hi def link fedScalar Type
hi def link fedTypeName Type
hi def link fedStructName Type
hi def link fedBound StorageClass
hi def link fedPlacement StorageClass
hi def link fedPlace StorageClass
hi def link fedIntrinsic PreProc
hi def link fedBuiltin Special
hi def link fedCall Function
hi def link fedFunctionName Function
hi def link fedWildcard Comment
hi def link fedBadNumber Error
hi def link fedInteger Number
hi def link fedFloat Float
hi def link fedSign Operator
hi def link fedBar Delimiter
hi def link fedLambdaName Identifier
hi def link fedParameter Identifier
hi def link fedNamed Identifier
hi def link fedField Identifier
hi def link fedSetting Identifier
hi def link fedString String
hi def link fedEscape SpecialChar
hi def link fedBadEscape Error
hi def link fedComment Comment
hi def link fedDoc SpecialComment
hi def link fedBlockComment Comment
hi def link fedTodo Todo

let b:current_syntax = 'fed'
