// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waymark-otel/waymark/examples/internal/outline"
	"github.com/waymark-otel/waymark/instrument/viewer"
)

// TestMain lets the test's own binary be either program.
func TestMain(m *testing.M) {
	if os.Getenv("CLIENTSERVER") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, v *viewer.Viewer, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "CLIENTSERVER=1", "OTEL_EXPORTER_ZIPKIN_ENDPOINT="+v.SpansURL())
	return cmd
}

var traceID = regexp.MustCompile(`trace_id=([0-9a-f]{32})`)

func TestTwoProgramsAreOneTrace(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be told to end with a signal there")
	}
	v, err := viewer.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	server := program(t, v, "server", "-listen", "127.0.0.1:0")
	pipe, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	lines := bufio.NewScanner(pipe)
	url := ""
	for url == "" && lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if _, after, ok := strings.Cut(lines.Text(), "msg=listening url="); ok {
			url = after
		}
	}
	out, err := program(t, v, "client", "-to", url).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `name="a lamp"`) {
		t.Errorf("client: %v: %s", err, out)
	}
	failed, err := program(t, v, "client", "-to", url, "-item", "13").CombinedOutput()
	if err == nil || !strings.Contains(string(failed), "the server answers 404") {
		t.Errorf("client: %v: %s", err, failed)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
	}
	if err := server.Wait(); err != nil {
		t.Errorf("server: %v", err)
	}
	id := traceID.FindString(string(out))
	if id == "" || !strings.Contains(log.String(), id) {
		t.Errorf("the client's %q is not in the server's lines: %s", id, log.String())
	}
	want := []string{
		"greeting-client ask\n  greeting-client get client\n    greeting-server get /items/{id} server\n      greeting-server look up\n",
		"greeting-client ask !\n  greeting-client get client !\n    greeting-server get /items/{id} server\n      greeting-server look up !\n",
	}
	deadline := time.Now().Add(10 * time.Second)
	var got []string
	for got = outline.All(v); len(got) < 2 && time.Now().Before(deadline); got = outline.All(v) {
		time.Sleep(10 * time.Millisecond)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("arrived:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
