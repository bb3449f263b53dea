// Words, lines of JSON, files: what all demos share with `RehearseMain`.

@_exported import Commanding
