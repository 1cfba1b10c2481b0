//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/embedpg"
)

// ramDisk is where both sides of a comparison write: no disk decides.
const ramDisk = "/dev/shm"

// ramDir is an empty directory in memory, removed when the benchmark ends.
func ramDir(b *bench) string {
	b.Helper()
	dir, err := os.MkdirTemp(ramDisk, "mailstamp-bench-")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL runs as somebody else
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	return dir
}

// ramPostgres is a PostgreSQL of its own in memory, with the settings of the program's own and every commit durable, as
// far as memory is.
type ramPostgres struct {
	server *embedpg.Server
	dir    string
	made   int
}

const ramTemplate = "migrated"

func newRAMPostgres(b *bench) *ramPostgres {
	b.Helper()
	server, err := embedpg.Start(b.Context(), embedpg.Options{Dir: ramDir(b), Durable: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	})
	p := &ramPostgres{server: server, dir: server.Dir()}
	p.exec(b, "create database "+ramTemplate)
	if err := db.Migrate(b.Context(), server.URL(ramTemplate)); err != nil {
		b.Fatal(err)
	}
	return p
}

// database makes a migrated database and returns its URL and name.
func (p *ramPostgres) database(b *bench) (url, name string) {
	b.Helper()
	p.made++
	name = "bench" + strconv.Itoa(p.made)
	p.exec(b, "create database "+name+" template "+ramTemplate)
	return p.server.URL(name), name
}

// settle writes what is left to be written, so that one run does not pay for another.
func (p *ramPostgres) settle(b *bench) {
	b.Helper()
	conn := p.admin(b, "postgres")
	defer conn.Close(context.WithoutCancel(b.Context()))
	if _, err := conn.Exec(b.Context(), "checkpoint"); err != nil {
		b.Fatal(err)
	}
}

func (p *ramPostgres) exec(b *bench, sql string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), p.server.URL("postgres"))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(b.Context()))
	if _, err := conn.Exec(b.Context(), sql); err != nil {
		b.Fatal(err)
	}
}

// admin is a connection that row-level security does not bind.
func (p *ramPostgres) admin(b *bench, database string) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), p.server.AdminURL(database))
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

// cpu is the processor time of the server and of all its processes, in seconds: those that ended, and those that run.
func (p *ramPostgres) cpu(b *bench) float64 {
	b.Helper()
	file, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		b.Fatal(err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	postmaster, err := strconv.Atoi(line)
	if err != nil {
		b.Fatal(err)
	}
	sum := cpuTicks(statOf(postmaster), 11, 12, 13, 14)
	entries, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if stat := statOf(pid); len(stat) > 1 && stat[1] == line {
			sum += cpuTicks(stat, 11, 12)
		}
	}
	return sum
}

// statOf are the fields of a process after its name, the state first; none for a process that is gone.
func statOf(pid int) []string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
	return strings.Fields(rest)
}

// cpuTicks sums up times that Linux gives in hundredths of a second.
func cpuTicks(stat []string, fields ...int) (seconds float64) {
	for _, i := range fields {
		if i < len(stat) {
			ticks, err := strconv.ParseFloat(stat[i], 64)
			if err == nil {
				seconds += ticks / 100
			}
		}
	}
	return seconds
}

// ramOnce keeps one server for all benchmarks.
var ramOnce = sync.OnceValue(func() *ramPostgres { return newRAMPostgres(shared) })

func theRAMPostgres(b *bench) *ramPostgres {
	b.Helper()
	if p := ramOnce(); p != nil && !shared.Failed() {
		return p
	}
	b.Fatal("there is no PostgreSQL in memory")
	return nil
}
