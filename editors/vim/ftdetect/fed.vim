autocmd BufNewFile,BufRead *.fed setfiletype fed
