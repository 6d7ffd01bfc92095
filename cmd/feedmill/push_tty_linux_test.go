package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what a person types and sees, and what a program has as its terminal.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// TestPushAddAtATerminal: a person is asked for what is secret, and it is never shown: the terminal echoes what is typed, unless it
// is told not to.
func TestPushAddAtATerminal(t *testing.T) {
	t.Parallel()
	all := platforms(t, "feishu")
	secrets := map[string]string{}
	_, file, _ := strings.Cut(strings.Split(all["feishu"].target, "\n")[0], ": ")
	for key, name := range map[string]string{"feishu": file, "secret": file + ".sign"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		secrets[key] = strings.TrimSpace(string(b))
	}
	for _, tt := range []struct {
		name, typed string
		added       bool
	}{{"right", secrets["secret"], true}, {"wrong", "mistyped-secret", false}, {"Ctrl-C", "\x03", false}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			config := filepath.Join(dir, "feedmill.yaml")
			before := fmt.Sprintf("sources:\n  site: { jekyll: %q }\n", writePosts(t, filepath.Join(dir, "site"), 1))
			write(t, config, before)
			person, program := terminal(t)
			cmd := exec.Command(os.Args[0], "push", "add", "desk", "feishu", "--config", config, "--secret", "secret", "--set", "allow=[127.0.0.0/8]")
			cmd.Env = append(os.Environ(), childEnv+"=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			program.Close() // so that reading ends with the program
			answers := []string{secrets["feishu"], tt.typed}
			var screen bytes.Buffer
			asked, b := 0, make([]byte, 4096)
			for {
				n, err := person.Read(b)
				screen.Write(b[:n])
				if asked < len(answers) && strings.Count(screen.String(), "(it is not shown): ") > asked {
					fmt.Fprintln(person, answers[asked])
					asked++
				}
				if err != nil { // EIO: nobody has the terminal any more
					break
				}
			}
			err := cmd.Wait()
			if state, err := unix.IoctlGetTermios(int(person.Fd()), unix.TCGETS); err != nil || state.Lflag&unix.ECHO == 0 {
				t.Errorf("afterwards the terminal shows nothing: %v", err)
			}
			text, readErr := os.ReadFile(config)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if (err == nil) != tt.added || asked != 2 || strings.Contains(string(text), "desk:") != tt.added || !tt.added && string(text) != before {
				t.Errorf("%v; it asked %d times; the configuration is\n%s\nthe screen\n%s", err, asked, text, &screen)
			}
			for _, secret := range append(answers, "fake-feishu-0001") {
				if strings.Contains(screen.String(), secret) || strings.Contains(string(text), secret) {
					t.Errorf("%s stands on the screen or in the configuration:\n%s\n%s", secret, &screen, text)
				}
			}
			for key, want := range secrets {
				kept := filepath.Join(dir, "desk."+key)
				info, err := os.Stat(kept)
				if !tt.added {
					if err == nil {
						t.Errorf("%s is left behind", kept)
					}
					continue
				}
				b, readErr := os.ReadFile(kept)
				if err != nil || readErr != nil || info.Mode().Perm() != 0o600 || strings.TrimSpace(string(b)) != want {
					t.Errorf("%s: %v, %v, %v", kept, err, readErr, info)
				}
			}
		})
	}
	if n := all["feishu"].times("test message"); n != 1 {
		t.Errorf("%d test messages, want one", n)
	}
}
