//go:build unix

package testenv

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// Each folder of images is an image: a Dockerfile FROM debian:bookworm-slim
// and what it copies. A new server is a new folder.
//
//go:embed images
var imageFiles embed.FS

// baseImage is what every Dockerfile starts from.
const (
	baseImage = "debian:bookworm-slim"
	baseSuite = "bookworm"
	mirror    = "http://deb.debian.org/debian"
)

// image returns the tag of the named image, building it, and the base, where
// they are missing. The tag is the hash of the files: a change makes another
// image. One process of all builds.
func (e *engine) image(ctx context.Context, name string) (string, error) {
	archive, hash, err := pack(imageFiles, path.Join("images", name))
	if err != nil {
		return "", fmt.Errorf("read the files of image %s: %w", name, err)
	}
	repo := "mailstamp-testenv/" + name
	tag := repo + ":" + hash
	if have, err := e.hasImage(ctx, tag); err != nil || have {
		return tag, err
	}
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	release, err := lock(dir, "images.lock", imageTime)
	if err != nil {
		return "", err
	}
	defer release()
	if have, err := e.hasImage(ctx, tag); err != nil || have { // another process built it meanwhile
		return tag, err
	}
	if err := e.base(ctx, baseImage); err != nil {
		return "", err
	}
	var log bytes.Buffer
	_, err = e.provider.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(archive),
		Repo:           repo,
		Tag:            hash,
		KeepImage:      true,
		BuildLogWriter: &log,
	}})
	if err != nil {
		return "", fmt.Errorf("build image %s: %w\n%s", name, err, lastBytes(log.Bytes()))
	}
	return tag, nil
}

func (e *engine) hasImage(ctx context.Context, tag string) (bool, error) {
	_, err := e.api().ImageInspect(ctx, tag)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for image %s: %w", tag, err)
	}
	return true, nil
}

// base makes sure that the base image is there: as it is, from a registry, or
// made from Debian's packages.
func (e *engine) base(ctx context.Context, tag string) error {
	if have, err := e.hasImage(ctx, tag); err != nil || have {
		return err
	}
	pullErr := e.pull(ctx, tag)
	if pullErr == nil {
		return nil
	}
	if err := e.bootstrap(ctx, tag); err != nil {
		return fmt.Errorf("no image %s: %w", tag, errors.Join(pullErr, err))
	}
	return nil
}

// pull gives up soon when no registry answers; one that answers may be slow.
func (e *engine) pull(ctx context.Context, tag string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(registryTime, func() { cancel(errors.New("no registry answers")) })
	defer silence.Stop()
	r, err := e.api().ImagePull(ctx, tag, client.ImagePullOptions{})
	if err != nil {
		return fmt.Errorf("pull %s: %w", tag, errors.Join(err, context.Cause(ctx)))
	}
	defer r.Close()
	for _, err := range r.JSONMessages(ctx) {
		if err != nil {
			return fmt.Errorf("pull %s: %w", tag, errors.Join(err, context.Cause(ctx)))
		}
		silence.Stop()
	}
	have, err := e.hasImage(ctx, tag)
	if err == nil && !have {
		err = fmt.Errorf("pull %s: it ended without an image", tag)
	}
	return err
}

// bootstrap makes the base image from Debian's packages.
func (e *engine) bootstrap(ctx context.Context, tag string) (err error) {
	debootstrap, err := exec.LookPath("debootstrap")
	if err != nil {
		for _, p := range []string{"/usr/sbin/debootstrap"} {
			if executable(p) {
				debootstrap, err = p, nil
			}
		}
	}
	if err != nil {
		return errors.New("no registry answers and there is no debootstrap to make it with: `apt-get install debootstrap`")
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("no registry answers and only root can make it; as root, run: "+
			"debootstrap --variant=minbase %[1]s /tmp/%[1]s %[2]s && tar -C /tmp/%[1]s -c . | docker import - %[3]s", baseSuite, mirror, tag)
	}
	dir, err := os.MkdirTemp("", "mailstamp-base-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root := filepath.Join(dir, "root")
	if out, err := exec.CommandContext(ctx, debootstrap, "--variant=minbase", baseSuite, root, mirror).CombinedOutput(); err != nil {
		return fmt.Errorf("debootstrap: %w\n%s", err, lastBytes(out))
	}
	var stderr bytes.Buffer
	tarball := exec.CommandContext(ctx, "tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*_*", "-c", ".")
	tarball.Stderr = &stderr
	stdout, err := tarball.StdoutPipe()
	if err != nil {
		return fmt.Errorf("pack the base: %w", err)
	}
	if err := tarball.Start(); err != nil {
		return fmt.Errorf("pack the base: %w", err)
	}
	importErr := e.importImage(ctx, stdout, tag)
	if err := tarball.Wait(); err != nil && importErr == nil {
		return fmt.Errorf("pack the base: %w: %s", err, stderr.Bytes())
	}
	return importErr
}

func (e *engine) importImage(ctx context.Context, r io.Reader, tag string) error {
	res, err := e.api().ImageImport(ctx, client.ImageImportSource{Source: r, SourceName: "-"}, tag, client.ImageImportOptions{})
	if err != nil {
		return fmt.Errorf("import the base: %w", err)
	}
	defer res.Close()
	if _, err := io.Copy(io.Discard, res); err != nil {
		return fmt.Errorf("import the base: %w", err)
	}
	return nil
}

// pack makes the build context of a folder and the hash of its files.
func pack(files fs.FS, dir string) (archive []byte, hash string, err error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	err = fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: rel, Mode: 0o644, Size: int64(len(b))}); err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	sum := sha256.Sum256(buf.Bytes())
	return buf.Bytes(), hex.EncodeToString(sum[:6]), err
}

func executable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 != 0
}

// lastBytes is the end of a long output.
func lastBytes(b []byte) []byte {
	return b[max(0, len(b)-outputTail):]
}
