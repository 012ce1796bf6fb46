// Asks Go's own packages what they make of texts, and writes a table of each kind of value beside this file:
// a line is the text and its value, or null where it is refused. How to run it: README.md.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	write("booleans", booleans(), func(text string) (any, error) {
		return strconv.ParseBool(text)
	})
	write("integers", integers(), func(text string) (any, error) {
		value, err := strconv.ParseInt(text, 0, 64)
		return value, err
	})
	write("durations", durations(), func(text string) (any, error) {
		value, err := time.ParseDuration(text)
		return int64(value), err
	})
	// As a field of an object reads it, which is what a manifest has.
	write("quantities", quantities(), func(text string) (any, error) {
		var value resource.Quantity
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(quoted, &value); err != nil {
			return nil, err
		}
		// JSON has no infinity.
		return strconv.FormatFloat(value.AsApproximateFloat64(), 'g', -1, 64), nil
	})
	write("urls", urls(), func(text string) (any, error) {
		value, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		_, password := value.User.Password()
		return map[string]any{
			"scheme": value.Scheme, "host": value.Hostname(), "port": value.Port(),
			"user": value.User.Username(), "password": password, "path": value.EscapedPath(),
		}, nil
	})
	write("host-ports", hostPorts(), func(text string) (any, error) {
		host, port, err := net.SplitHostPort(text)
		return []string{host, port}, err
	})
}

func write(name string, texts []string, read func(string) (any, error)) {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	var lines []string
	for _, text := range texts {
		value, err := read(text)
		if err != nil {
			value = nil
		}
		var line strings.Builder
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode([]any{text, value}); err != nil {
			panic(err)
		}
		lines = append(lines, strings.TrimSpace(line.String()))
	}
	table := fmt.Sprintf("[\n%s\n]\n", strings.Join(lines, ",\n"))
	if err := os.WriteFile(name+".json", []byte(table), 0o644); err != nil {
		panic(err)
	}
}

// join gives each start with each end.
func join(starts, ends []string) (all []string) {
	for _, start := range starts {
		for _, end := range ends {
			all = append(all, start+end)
		}
	}
	return all
}

func booleans() (all []string) {
	words := []string{
		"true", "false", "t", "f", "1", "0", "yes", "no", "on", "off", "y", "n", "", "null", "2", "10", "01", "00",
		"-1", "+1", "1.0", "truth", "tr", "enabled", "disabled", "ｔrue", "true,", "=true", "\"true\"",
	}
	for _, word := range words {
		for _, text := range []string{word, strings.ToUpper(word), strings.ToTitle(word[:min(1, len(word))]) + word[min(1, len(word)):]} {
			all = append(all, text, " "+text, text+" ", text+"\n")
		}
	}
	return append(all, "tRUE", "fALSE", "TrUe", "FALSe", "TRUe")
}

func integers() []string {
	all := join([]string{"", "+", "-", " ", "--"}, []string{
		"", "0", "1", "7", "08", "010", "0755", "0o17", "0O17", "0x1F", "0X1f", "0b101", "0B2", "0x", "0b", "0o", "0xg",
		"10", "1_000", "1__000", "_1", "1_", "0_7", "0x_f", "0xf_", "0_", "1e3", "1.0", "1 ", "10000000000", "1,000",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999999",
		"0x7fffffffffffffff", "0x8000000000000000", "0777777777777777777777", "01777777777777777777777", "٣", "1m", "abc", "inf",
	})
	return append(all, "00", "000", "-00", "0x0", "0_0", "0b_1", "0o_7", "1_2_3", "0_x1", "0x1__2", "08_1", "2147483648", "65536")
}

func durations() []string {
	units := []string{"ns", "us", "µs", "μs", "ms", "s", "m", "h", "", "d", "w", "y", "S", "M", "H", "sec", "min", "hs", " s", "s "}
	all := join(join([]string{"", "-", "+"}, []string{"0", "1", "30", "1.5", ".5", "5.", ".", "007", "1.2.3", "1e3", "1_0", "0x1"}), units)
	return append(all,
		"", " ", "+", "-", "--1s", "+-1s", "1h30m", "1h30", "1h-30m", "1h30m15.5s", "30m1h", "1h1h", "1s1ms1us1ns", "1m 30s", "1h,2m",
		"0.000000001s", "0.0000000001s", "1.0000000000000000000000001s", "0.3333333333333333333h", "2562047h47m16.854775807s",
		"2562047h47m16.854775808s", "-2562047h47m16.854775808s", "-2562047h47m16.854775809s", "9223372036854775807ns",
		"9223372036854775808ns", "-9223372036854775808ns", "-9223372036854775809ns", "9223372036.854775807s", "9223372036854775807h",
		"99999999999999999999s", "0.9223372036854775807s", "0.99999999999999999999s", "106751d", "87600h", "8760h0m0s", "100000000h",
		"1ｓ", "１s", "1s\n", "inf", "NaN", "infinity", "forever", "5m0s", "0h0m0s", "1h0.5m", "9007199254740993ns", "3000000h", ".s", "-.s", "+.s",
		"1.s", "-0", "+0", "00", "0.0", "-0s", "4.9999999999999999ns", "0.100000000000000000000h", "0.830103483285477580700h")
}

func quantities() []string {
	suffixes := []string{
		"", "n", "u", "m", "k", "K", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "ki", "mi", "gi", "KI", "Zi", "Z", "B", "MB",
		"MiB", "Gb", "e", "E3", "e3", "e+3", "e-3", "E-3", "e3.5", "e99", "e-99", "e99999999999999999999", "%", " Mi", "i", "mm", "e3m", "µ",
	}
	all := join([]string{"0", "1", "100", "1.5", ".5", "5.", "-1", "+1", "1024", "0.1"}, suffixes)
	return append(all,
		"", " ", ".", "-", "+", "-.", "+.", "--1", "+-1", "1..5", "1.5.5", "1,5", "1_000", "0x10", " 1", "1 ", " 1Mi ", "\t1", "1\n", "1 1", "m", "Mi", "e3",
		"9223372036854775807", "9223372036854775808", "99999999999999999999999", "0.0000000001", "0.000000001", "1.0000000001", "1n1", "1Mi1", "- 1",
		"9Ei", "8Ei", "9E", "10E", "12345678901234567890.123456789", "1e18", "1e19", "0e5", "1e1000", "-1e1000", "00", "007", "-0", "null", "true", "{{ .Values.memory }}",
		"${MEM}", "1Mi,", "١", "1\u00a0", "\u00a01", "1\u3000", "-500m", "+500m", "-1.5Gi", "5e", "5E", "1Ee3", "1.Gi", ".5Gi", "1e", "1e+", "1e-")
}

func urls() []string {
	hosts := []string{
		"h", "example.org", "example.org:443", "10.0.0.1", "10.0.0.1:2379", "[::1]", "[::1]:2379", "[fe80::1%25eth0]:80", "[fe80::1%eth0]:80", "::1", "[::1",
		"::1]", "[::1]x", "h:", "h:x", "h:0x50", "h:65536", ":80", "", "u@h", "u:p@h", "u:p@h:1", "u:p@[::1]:1", "u:p%40q@h", "u:p@q@h", "u:@h", ":p@h", "@h",
		"u:p/q@h", "a b", "h%20x", "h%zz", "h_x", "H.Example", "a,b", "a:1,b:2", "a:1:2", "<host>", "${HOST}", "{{ host }}", "ü.example", "h\\x", "h;x",
		"user name@h", "u:p a@h", "u:p#q@h", "u:p?q@h", "*", "*:80", "*.example.org", "[0:0::1]", "[v1.x]", "[]", "[]:1", "[1.2.3.4]",
		"host\u00a0x", "h'x", "h\"x", "u:p'q@h", "u:p%@h", "[::1]:", "[::1]:x", "[::1%25]", "h::", "h:1:", "$h", "u:${P}@h", "[::ffff:1.2.3.4]",
	}
	all := join(join([]string{"http://", "https://", "HTTP://", "unix://", "//"}, hosts), []string{""})
	all = append(all, join([]string{"https://example.org", "https://u:p@h:1"}, []string{
		"/", "/x", "/x y", "/%", "/%zz", "/%41", "?q", "?q=%zz", "#f", "#%zz", "/a:b", "//x", "/x?y#z", "?q@x", "#f@x", "/x@y", "\\x", "/\x7f", "\n", " ", "/ü"})...)
	return append(all,
		"", " ", "http", "http:", "http:/", "http:/x", "http:x", "http//x", "://x", ":x", "1http://x", "ht_tp://x", "h-t.t+p://x", "-http://x", "htt p://x",
		" http://x", "http://x ", "http://x\t", "\thttp://x", "x", "/x", "a/b:c", "a:b", "a:1", "10.0.0.1:80", "example.org:443", "localhost:8080", "[::1]:80",
		"mailto:a@b", "postgres://u:p@db:5432/x?sslmode=disable", "postgres://u:p@a:1,b:2/x", "mysql://u:p@tcp(h:3306)/x", "unix:///run/x.sock", "unix:/run/x",
		"unix:@x", "unix://run/x", "unix:///run/x?y", "http://\u00e9", "data:text/plain,x", "file:///x", "file://x", "file:/x", "http://a/b://c", "a:b://c",
		"http://x/\u0001", "*", "http:*", "?x", "#x", "http:?x", "http:#x", "npipe:////./pipe/x", "npipe:\\\\.\\pipe\\x", "tcp://0.0.0.0:0", "HTTP://H", "hTTp:x",
		"http:///x", "http:////x", "http://?x", "http://#x", "oci://r/x", "grpc://h:1", "https://%41.example", "https://[::1%2f]", "https://%C3%BC", "éa://x")
}

func hostPorts() []string {
	all := join([]string{"", "h", "example.org", "10.0.0.1", "[::1]", "::1", "[fe80::1%eth0]", "[]", "[", "]", "[::1", "::1]", "a[b]", "[a]b", "*", " h", "[[::1]]", "h:x"},
		[]string{"", ":", ":80", ":http", ":0", ":65536", ":-1", ":80:", ":80 ", "::", ":[80]", ":8]0", ":+80", "/x", ":80/x"})
	return append(all, "http://h:80", "unix:///x", "a,b:1", "{{ h }}:1", "${H}:1", "٣:٣", "ü:1", "\n:1")
}
