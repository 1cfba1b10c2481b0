//go:build unix

package testenv

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// engine is the Docker engine of this machine, with the session's sweeper.
type engine struct {
	provider *testcontainers.DockerProvider
	session  string // label of what this process starts; testcontainers has one for all of go test
}

func (e *engine) api() client.APIClient { return e.provider.Client() }

var engineOnce = sync.OnceValues(func() (*engine, error) {
	setDefaultEnv("TESTCONTAINERS_RYUK_DISABLED", "true") // its image needs a registry; sweeper.go does its work
	if _, err := net.InterfaceByName("docker0"); err == nil {
		// The engine runs beside us. In a machine that is itself a container
		// testcontainers would look for it behind the default gateway.
		setDefaultEnv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
	}
	log.SetDefault(log.NewNoopLogger())
	ctx, cancel := context.WithTimeout(context.Background(), enginePing)
	defer cancel()
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return nil, err
	}
	if _, err := provider.Client().Ping(ctx, client.PingOptions{}); err != nil {
		return nil, err
	}
	return &engine{provider: provider, session: rand.Text()}, nil
})

// dockerEngine returns the engine. Without one the test is skipped, saying
// what is then not covered; with CI=true it fails.
func dockerEngine(tb testing.TB, covers string) *engine {
	tb.Helper()
	e, err := engineOnce()
	if err == nil {
		return e
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("testenv: CI must have a Docker engine for %s: %v", covers, err)
	}
	tb.Skipf("no Docker engine: %s is not covered (%v)", covers, err)
	return nil
}

func setDefaultEnv(name, value string) {
	if _, set := os.LookupEnv(name); !set {
		os.Setenv(name, value)
	}
}
