package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	cliflag "k8s.io/component-base/cli/flag"
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
		row("flag", component, flag.Name, kind(flag), strings.TrimSpace(flag.DefValue), deprecated)
	})
}

// kind is what a flag calls its type, where that does not tell how it reads its value, a name of our own.
func kind(flag *pflag.Flag) string {
	switch fmt.Sprintf("%T", flag.Value) {
	case "*flag.ConfigurationMap":
		return "configurationMap"
	case "*flag.LangleSeparatedMapStringString":
		return "lessThanMap"
	case "*flag.IPVar":
		return "sloppyIP"
	}
	// One pair, whose value may have commas; those that are tracked keep it to themselves.
	pair := flag.Name == "oidc-required-claim"
	if of, ok := flag.Value.(*cliflag.MapStringString); ok {
		pair = of.NoSplit
	}
	if pair {
		return "pair"
	}
	if flag.Name == "feature-gates" && flag.Value.Type() == "colonSeparatedMultimapStringString" {
		return "featureGates"
	}
	return flag.Value.Type()
}
