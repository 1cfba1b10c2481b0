//go:build unix

package testenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// box is a running container of ours.
type box struct {
	engine *engine
	id     string
	ports  map[string]int                  // port of the container ("143/tcp") → port on 127.0.0.1
	ready  func(ctx context.Context) error // nil when its server answers
}

// boxSpec says what to start.
type boxSpec struct {
	image string // folder of images
	ports []string
	data  string // a directory that is written much; below it the container has a file system of the machine's own
	run   string // a directory that is empty at each start, as after a machine's: what a kill left there stops some servers
	files []testcontainers.ContainerFile
	ready func(b *box) func(ctx context.Context) error
}

// start builds the image where needed, starts a container and waits until its
// server answers.
func (e *engine) start(ctx context.Context, spec boxSpec) (b *box, err error) {
	ctx, cancel := context.WithTimeout(ctx, imageTime)
	defer cancel()
	defer e.provider.Close() // idle connections, which leak detectors see
	tag, err := e.image(ctx, spec.image)
	if err != nil {
		return nil, err
	}
	if err := e.startSweeper(); err != nil {
		return nil, err
	}
	free, err := freePorts(len(spec.ports))
	if err != nil {
		return nil, err
	}
	b = &box{engine: e, ports: map[string]int{}}
	bindings := network.PortMap{}
	for i, p := range spec.ports {
		b.ports[p] = free[i]
		port, err := network.ParsePort(p)
		if err != nil {
			return nil, fmt.Errorf("read port %s: %w", p, err)
		}
		bindings[port] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: strconv.Itoa(free[i])}}
	}
	c, err := e.provider.CreateContainer(ctx, testcontainers.ContainerRequest{
		Image:        tag,
		ExposedPorts: spec.ports,
		Files:        spec.files,
		Labels:       e.labels(),
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = bindings
			if spec.data != "" {
				h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Target: spec.data})
			}
			if spec.run != "" {
				h.Tmpfs = map[string]string{spec.run: "mode=0755"}
			}
			h.Init = new(true) // reaps what exec leaves
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make a container of %s: %w", tag, err)
	}
	b.id = c.GetContainerID()
	b.ready = spec.ready(b)
	if err := errors.Join(c.Start(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("start a container of %s: %w", tag, err), b.remove())
	}
	if err := b.await(ctx); err != nil {
		return nil, errors.Join(err, b.remove())
	}
	return b, nil
}

// await returns when the server answers, or says what the container says.
func (b *box) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		err := b.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the server in the container: %w\n%s", err, b.log())
		case <-time.After(pollInterval):
		}
	}
}

// log is the end of what the container wrote.
func (b *box) log() string {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	r, err := b.engine.api().ContainerLogs(ctx, b.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "40"})
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	defer r.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, r); err != nil {
		return "its log cannot be read: " + err.Error()
	}
	return out.String()
}

// exec runs a command in the container and returns its output.
func (b *box) exec(ctx context.Context, cmd ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	defer b.engine.provider.Close()
	api := b.engine.api()
	created, err := api.ExecCreate(ctx, b.id, client.ExecCreateOptions{AttachStdout: true, AttachStderr: true, Cmd: cmd})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", cmd[0], err)
	}
	attached, err := api.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", cmd[0], err)
	}
	defer attached.Close()
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, attached.Reader); err != nil {
		return nil, fmt.Errorf("read the output of %s: %w", cmd[0], err)
	}
	for { // the output may end a moment before the command does
		state, err := api.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
		if err != nil {
			return nil, fmt.Errorf("ask how %s ended: %w", cmd[0], err)
		}
		if !state.Running {
			if state.ExitCode != 0 {
				return nil, fmt.Errorf("%s ended with %d: %s", cmd[0], state.ExitCode, stderr.Bytes())
			}
			return stdout.Bytes(), nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("run %s: %w", cmd[0], ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

func (b *box) mustExec(tb testing.TB, cmd ...string) []byte {
	tb.Helper()
	out, err := b.exec(tb.Context(), cmd...)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return out
}

// kill ends the container's processes with SIGKILL; its files stay.
func (b *box) kill(tb testing.TB) {
	tb.Helper()
	defer b.engine.provider.Close()
	if _, err := b.engine.api().ContainerKill(tb.Context(), b.id, client.ContainerKillOptions{}); err != nil {
		tb.Fatalf("testenv: kill the container: %v", err)
	}
}

func (b *box) restart(tb testing.TB, seconds int) {
	tb.Helper()
	defer b.engine.provider.Close()
	if _, err := b.engine.api().ContainerRestart(tb.Context(), b.id, client.ContainerRestartOptions{Timeout: &seconds}); err != nil {
		tb.Fatalf("testenv: restart the container: %v", err)
	}
	if err := b.await(tb.Context()); err != nil {
		tb.Fatalf("testenv: %v", err)
	}
}

// startAgain starts a killed container.
func (b *box) startAgain(tb testing.TB) {
	tb.Helper()
	defer b.engine.provider.Close()
	if _, err := b.engine.api().ContainerStart(tb.Context(), b.id, client.ContainerStartOptions{}); err != nil {
		tb.Fatalf("testenv: start the container: %v", err)
	}
	if err := b.await(tb.Context()); err != nil {
		tb.Fatalf("testenv: %v", err)
	}
}

func (b *box) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	return b.engine.remove(ctx, b.id)
}
