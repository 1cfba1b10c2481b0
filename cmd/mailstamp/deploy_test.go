package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
)

// settled are the variables that deployments may set.
func settled() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		if env := f.Tag.Get("env"); env != "" {
			names = append(names, env)
		}
	}
	return names
}

// longestStop is what the worker may take from the signal to its end; who supervises it must wait longer.
const longestStop = drainTimeout + 2*closeTimeout

type object = map[string]any

func readYAML(t *testing.T, path string) (docs []object) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	for {
		var doc object
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		docs = append(docs, doc)
	}
}

// at follows keys into an object, and fails where there is nothing.
func at(t *testing.T, in any, path ...string) any {
	t.Helper()
	for i, key := range path {
		next, ok := in.(object)
		if !ok || next[key] == nil {
			t.Fatalf("there is no %s", strings.Join(path[:i+1], "."))
		}
		in = next[key]
	}
	return in
}

// TestCompose: the two copies that `docker compose up` starts are told what this program understands, wait for the schema, and
// are given the time to drain.
func TestCompose(t *testing.T) {
	t.Parallel()
	file := readYAML(t, "../../compose.yaml")[0]
	copies := 0
	for name, service := range at(t, file, "services").(object) {
		if name == "postgres" {
			continue
		}
		env := at(t, service, "environment").(object)
		for variable := range env {
			if !slices.Contains(settled(), variable) {
				t.Errorf("%s sets %s, which the program does not know", name, variable)
			}
		}
		if at(t, service, "read_only") != true {
			t.Errorf("%s may write its image", name)
		}
		if at(t, service, "command") != "worker" {
			continue
		}
		copies++
		if env["MAILSTAMP_ADMIN_HOSTS"] != "localhost" {
			t.Errorf("%s answers on its private listener to %v", name, env["MAILSTAMP_ADMIN_HOSTS"])
		}
		if at(t, service, "depends_on", "migrate", "condition") != "service_completed_successfully" {
			t.Errorf("%s does not wait for the schema", name)
		}
		if grace, err := time.ParseDuration(at(t, service, "stop_grace_period").(string)); err != nil || grace <= longestStop {
			t.Errorf("%s is killed after %s (%v), which is too early", name, grace, err)
		}
		for i, variable := range []string{"MAILSTAMP_LISTEN", "MAILSTAMP_ADMIN_LISTEN"} {
			published := at(t, service, "ports").([]any)[i].(string)
			if !strings.HasPrefix(published, "127.0.0.1:") || !strings.HasSuffix(published, env[variable].(string)) {
				t.Errorf("%s publishes %s of %s", name, published, env[variable])
			}
		}
	}
	if copies != 2 {
		t.Errorf("%d copies of the worker, want 2", copies)
	}
}

// TestKubernetes: the manifests fit this program (variables, ports, probes, time to drain) and each other (labels), and give
// it no right that it does not need.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	byKind := map[string]object{}
	for _, doc := range readYAML(t, "deploy/kubernetes.yaml") {
		byKind[at(t, doc, "kind").(string)] = doc
	}
	for _, kind := range []string{"Job", "Deployment"} {
		pod := at(t, byKind[kind], "spec", "template", "spec")
		if at(t, pod, "securityContext", "runAsNonRoot") != true || at(t, pod, "automountServiceAccountToken") != false {
			t.Errorf("%s: its pod has rights that it does not need", kind)
		}
		container := at(t, pod, "containers").([]any)[0]
		rights := at(t, container, "securityContext")
		if at(t, rights, "readOnlyRootFilesystem") != true || at(t, rights, "allowPrivilegeEscalation") != false ||
			!reflect.DeepEqual(at(t, rights, "capabilities", "drop"), []any{"ALL"}) {
			t.Errorf("%s: its container has rights that it does not need", kind)
		}
		for _, resource := range [][]string{{"requests", "cpu"}, {"requests", "memory"}, {"limits", "memory"}} {
			at(t, container, append([]string{"resources"}, resource...)...)
		}
		for _, variable := range at(t, container, "env").([]any) {
			if name := at(t, variable, "name").(string); !slices.Contains(settled(), name) {
				t.Errorf("%s sets %s, which the program does not know", kind, name)
			}
		}
	}

	worker := byKind["Deployment"]
	pod := at(t, worker, "spec", "template", "spec")
	container := at(t, pod, "containers").([]any)[0]
	env := map[string]string{}
	for _, variable := range at(t, container, "env").([]any) {
		value, _ := variable.(object)["value"].(string)
		env[variable.(object)["name"].(string)] = value
	}
	for i, variable := range []string{"MAILSTAMP_LISTEN", "MAILSTAMP_ADMIN_LISTEN"} {
		port := at(t, at(t, container, "ports").([]any)[i], "containerPort").(int)
		if _, listens, _ := strings.Cut(env[variable], ":"); listens != strconv.Itoa(port) {
			t.Errorf("port %d is declared where %s is %s", port, variable, env[variable])
		}
	}
	if env["MAILSTAMP_ADMIN_HOSTS"] != "localhost" {
		t.Errorf("the private listener answers to %q", env["MAILSTAMP_ADMIN_HOSTS"])
	}
	for probe, path := range map[string]string{"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"} {
		if get := at(t, container, probe, "httpGet"); at(t, get, "path") != path || at(t, get, "port") != "private" {
			t.Errorf("%s asks %v", probe, get)
		}
	}
	grace := time.Duration(at(t, pod, "terminationGracePeriodSeconds").(int)) * time.Second
	if pause := 5 * time.Second; grace <= longestStop+pause || !slices.Contains(at(t, container, "lifecycle", "preStop", "exec", "command").([]any), any("5")) {
		t.Errorf("the pod is killed after %s", grace)
	}
	labels := at(t, worker, "spec", "template", "metadata", "labels")
	for what, selector := range map[string]any{
		"Deployment":          at(t, worker, "spec", "selector", "matchLabels"),
		"PodDisruptionBudget": at(t, byKind["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
		"Service":             at(t, byKind["Service"], "spec", "selector"),
		"NetworkPolicy":       at(t, byKind["NetworkPolicy"], "spec", "podSelector", "matchLabels"),
	} {
		if !reflect.DeepEqual(selector, labels) {
			t.Errorf("%s selects %v, the pods are %v", what, selector, labels)
		}
	}
}

// TestSystemdUnit: the unit fits this program, and systemd, where there is one, understands it.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("deploy/mailstamp.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := string(file)
	for _, variable := range regexp.MustCompile(`\b(MAILSTAMP|OTEL)_\w+`).FindAllString(unit, -1) {
		if !slices.Contains(settled(), variable) {
			t.Errorf("it sets %s, which the program does not know", variable)
		}
	}
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if stop == nil {
		t.Fatal("it does not say how long the worker may take to stop")
	}
	if grace, err := time.ParseDuration(stop[1] + "s"); err != nil || grace <= longestStop {
		t.Errorf("the worker is killed after %s (%v)", grace, err)
	}
	for _, line := range []string{"NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "CapabilityBoundingSet="} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("it lacks %s", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze: the unit's syntax is not checked")
		return
	}
	here := filepath.Join(t.TempDir(), "mailstamp.service")
	if err := os.WriteFile(here, []byte(strings.ReplaceAll(unit, "/usr/local/bin/mailstamp", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", here).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
