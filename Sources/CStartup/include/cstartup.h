// What has to happen before the libraries of this process are initialized. Nothing here is called:
// a program gets it by being linked with it.
#ifndef CSTARTUP_H
#define CSTARTUP_H

/// The room, in bytes, that the libraries' initialization and the least command take beyond what the
/// loader has mapped. With less of it (ulimit -v, ulimit -d) a constructor of a library would throw,
/// and nobody could catch it; the program says so instead, and ends.
///
/// Measured with libtorch 2.11: 54 MiB for --version, of which 50 before main, and 118 MiB for what
/// prints a plan or reads a cache, of which 64 are malloc's store (HostMemory.keepFreed).
#define CSTARTUP_ROOM (160ul << 20)

#endif
