// Package embedpg runs the machine's own PostgreSQL as a child of this
// process: for the demo on a laptop, and for tests. It owns one directory with
// a cluster in it. It never downloads a server, never touches a cluster it did
// not make, and knows nothing of what is stored.
//
// Invariants:
//
//   - One launcher per directory: an flock on Dir/lock. Who holds the lock may
//     end whatever server still runs on the cluster, since that is an orphan.
//   - The server dies with its launcher. On Linux the kernel sees to it, even
//     after kill -9; elsewhere the next Start ends the orphan first.
//   - It listens on 127.0.0.1 only and asks for a random password (SCRAM) that
//     lies in Dir/password, readable by the owner alone.
//   - Role, which URL names, is no superuser: row-level security binds it.
//   - A cluster appears whole (initdb beside it, then a rename) and is kept
//     between starts. It is run by binaries of the major version that made it.
//
// PostgreSQL refuses to run as root. For root, the cluster belongs to the user
// "postgres" (or "nobody"), who must be able to reach it: where a parent of Dir
// shuts that user out, as /root does, the cluster lies in a directory of its
// own below /var/lib/mailstamp, named by the hash of Dir.
package embedpg
