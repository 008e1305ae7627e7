def read(letters,*,base,mode): raise NotImplementedError
