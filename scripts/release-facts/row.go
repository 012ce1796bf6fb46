package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

func row(table string, columns ...string) {
	fmt.Println(table + "\t" + strings.Join(columns, "\t"))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func printFlags(component string, set *pflag.FlagSet) {
	set.VisitAll(func(flag *pflag.Flag) {
		deprecated := ""
		if flag.Deprecated != "" {
			deprecated = "deprecated"
		}
		row("flag", component, flag.Name, flag.Value.Type(), strings.TrimSpace(flag.DefValue), deprecated)
	})
}
