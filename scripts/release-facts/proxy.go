//go:build proxy

// The flags of kube-proxy, which would show those of the kubelet's libraries if both were one program.
package main

import (
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-proxy/app"
)

func main() {
	printFlags("kube-proxy", app.NewProxyCommand().Flags())
}
