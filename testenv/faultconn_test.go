package testenv

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

func TestFaultyConnCutsAndFreezesAtTheByte(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault Fault
		want  string
		err   error
	}{
		{Fault{}, "hello world", os.ErrDeadlineExceeded},
		{Fault{CutAfter: 7}, "hello w", io.EOF},
		{Fault{CutAfter: 6}, "hello ", io.EOF},
		{Fault{CutAfter: -1}, "", io.EOF},
		{Fault{FreezeAfter: 3}, "hel", os.ErrDeadlineExceeded},
		{Fault{FreezeAfter: -1}, "", os.ErrDeadlineExceeded},
		{Fault{Latency: time.Millisecond}, "hello world", os.ErrDeadlineExceeded},
	} {
		client, server := net.Pipe()
		defer client.Close()
		faulty := FaultyConn(server, c.fault)
		defer faulty.Close()
		go func() {
			for _, part := range []string{"hello ", "world"} {
				if _, err := faulty.Write([]byte(part)); err != nil {
					return
				}
			}
		}()
		if err := client.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(client)
		if c.err == io.EOF && err == nil {
			err = io.EOF
		}
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%+v: %q, %v; want %q, %v", c.fault, got, err, c.want, c.err)
		}
	}
}
