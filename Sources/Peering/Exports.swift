// What a program of memo peers needs, in one import.

@_exported import Doing
@_exported import Memoing
@_exported import Signing
@_exported import Sockets
@_exported import Wiring
