// Package config is what the program is told from outside: it is the only reader of environment variables and flags.
// Config is the one struct; its tags are its documentation (--help). Parse validates all of it, so whoever has a Config
// need not check it.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Config is shared by all subcommands.
type Config struct {
	DatabaseURL      string   `name:"database-url" env:"MAILSTAMP_DATABASE_URL" placeholder:"URL" help:"PostgreSQL 15 or later, e.g. postgres://mailstamp@db.internal/mailstamp. The password is better given by the environment than by the flag."`
	Listen           Address  `env:"MAILSTAMP_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Public listener: webhooks and /v1. Default: ${default}."`
	AdminListen      Address  `env:"MAILSTAMP_ADMIN_LISTEN" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Private listener: console, /jobs/, /healthz, /readyz, /metrics. It asks nobody who they are. Default: ${default}."`
	AdminHosts       []string `env:"MAILSTAMP_ADMIN_HOSTS" placeholder:"NAME,…" help:"Names that the private listener answers to beside localhost and IP addresses, so that no site's name that resolves to it (DNS rebinding) reads its pages. Default: any, where it listens beyond loopback."`
	Keyset           Keyset   `env:"MAILSTAMP_KEYSET" placeholder:"FILE|JSON" help:"Key set that encrypts credentials: a file, made at first use, or the JSON itself. Default: mailstamp/keyset.json in the user's state directory. Without it no stored credential can be read: keep a copy."`
	AllowPrivateIMAP Allow    `name:"allow-private-imap" env:"MAILSTAMP_ALLOW_PRIVATE_IMAP" placeholder:"HOST|CIDR,…" help:"Hosts and networks that a mailbox may name, as its server or its OAuth token_url, although they are private or loopback. Default: none."`
	AllowPrivateCRM  Allow    `name:"allow-private-crm" env:"MAILSTAMP_ALLOW_PRIVATE_CRM" placeholder:"HOST|CIDR,…" help:"Hosts and networks that an account's URL for events may name although they are private or loopback; http goes to these only. Default: none."`
	OTLPEndpoint     URL      `name:"otlp-endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"OpenTelemetry collector that traces are sent to by HTTP, e.g. http://collector:4318. Default: none are made."`
	Log              Log      `env:"MAILSTAMP_LOG" placeholder:"FORMAT,LEVEL" help:"text or json; debug, info, warn or error; either may be left out. Default: text,info."`
}

// Parse reads args and the environment into grammar, a struct that embeds Config and has the subcommands as fields, and
// returns the subcommand to run. It answers --help on out and calls exit itself.
func Parse(grammar any, args []string, out io.Writer, exit func(int)) (*kong.Context, error) {
	parser, err := kong.New(grammar,
		kong.Name("mailstamp"),
		kong.Description("Syncs users' mailboxes, matches mail to a CRM's leads, contacts and deals, and shows each conversation to exactly the colleagues who may see it."),
		kong.Writers(out, out), kong.Exit(exit), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return nil, fmt.Errorf("describe the command line: %w", err)
	}
	return parser.Parse(args)
}

// ErrNoDatabase: the subcommand needs a database and none is named.
var ErrNoDatabase = errors.New("no database: set MAILSTAMP_DATABASE_URL, e.g. postgres://mailstamp@localhost/mailstamp")

// Validate is called by Parse.
func (c *Config) Validate() error {
	if c.DatabaseURL == "" {
		return nil // demo needs none; the others ask Database
	}
	if _, err := pgxpool.ParseConfig(c.DatabaseURL); err != nil {
		return errors.New("MAILSTAMP_DATABASE_URL is not a valid PostgreSQL URL or connection string") // the cause may quote the password
	}
	return nil
}

// Database is DatabaseURL, or ErrNoDatabase.
func (c *Config) Database() (string, error) {
	if c.DatabaseURL == "" {
		return "", ErrNoDatabase
	}
	return c.DatabaseURL, nil
}

// Address is where a listener listens.
type Address string

// UnmarshalText refuses what is no host and port.
func (a *Address) UnmarshalText(text []byte) error {
	if _, _, err := net.SplitHostPort(string(text)); err != nil {
		return fmt.Errorf("%q is not HOST:PORT", text)
	}
	*a = Address(text)
	return nil
}

// URL is an http or https address, or "".
type URL string

// UnmarshalText refuses what is none.
func (u *URL) UnmarshalText(text []byte) error {
	if len(text) > 0 {
		parsed, err := url.Parse(string(text))
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
			return errors.New("an address such as http://collector:4318 is expected") // it may hold a password
		}
	}
	*u = URL(text)
	return nil
}

// Keyset is the path of a key set or its JSON. It prints as the path, or not at all.
type Keyset string

func (k Keyset) String() string {
	if strings.HasPrefix(strings.TrimSpace(string(k)), "{") {
		return "[key set]"
	}
	return string(k)
}

// GoString keeps the keys from %#v.
func (k Keyset) GoString() string { return k.String() }

// LogValue keeps the keys from logs.
func (k Keyset) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Path is the file of the key set, "" when it is given as JSON, and whether the file is there.
func (k Keyset) Path() (path string, exists bool) {
	if k.String() != string(k) {
		return "", true
	}
	_, err := os.Stat(string(k))
	return string(k), err == nil
}

// KeysetOrDefault is Keyset, or the file in the user's state directory.
func (c *Config) KeysetOrDefault() (Keyset, error) {
	if c.Keyset != "" {
		return c.Keyset, nil
	}
	dir, err := StateDir()
	if err != nil {
		return "", fmt.Errorf("%w; or set MAILSTAMP_KEYSET", err)
	}
	return Keyset(filepath.Join(dir, "keyset.json")), nil
}

// StateDir is where the program keeps what outlives it, for this user of the machine.
func StateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "mailstamp"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("no home directory to keep state in: set XDG_STATE_HOME")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "mailstamp"), nil
	}
	return filepath.Join(home, ".local", "state", "mailstamp"), nil
}

// Allow is the list of private hosts that may be dialled.
type Allow struct {
	List    safedial.Allow
	Entries []string
}

// UnmarshalText reads hosts and networks, separated by commas.
func (a *Allow) UnmarshalText(text []byte) error {
	var entries []string
	for entry := range strings.SplitSeq(string(text), ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	list, err := safedial.ParseAllow(entries...)
	if err != nil {
		return fmt.Errorf("hosts and networks such as mail.internal,10.1.0.0/16 are expected: %w", err)
	}
	*a = Allow{List: list, Entries: entries}
	return nil
}

// Log is how to log: the zero value is text at info.
type Log struct {
	JSON  bool
	Level slog.Level
}

// UnmarshalText reads "json", "debug", "json,debug" and the like.
func (l *Log) UnmarshalText(text []byte) error {
	var out Log
	for word := range strings.SplitSeq(strings.ToLower(string(text)), ",") {
		switch word = strings.TrimSpace(word); word {
		case "json":
			out.JSON = true
		case "text", "":
		case "debug", "info", "warn", "error":
			if err := out.Level.UnmarshalText([]byte(word)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is none of text, json, debug, info, warn, error", word)
		}
	}
	*l = out
	return nil
}

// Logger writes to w.
func (l Log) Logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: l.Level}
	if l.JSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
