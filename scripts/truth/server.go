// An etcd and a kube-apiserver of one release in one process, to be asked what the server says of an object.
//
//	server FOLDER PORT [FLAG...]
//
// FOLDER keeps the data and certificates. On the loopback interface PORT serves the API to who has the token of tokens.csv, the two
// ports after it serve etcd. Every FLAG is one more of kube-apiserver. It runs until it is told to stop.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	folder := os.Args[1]
	port, err := strconv.Atoi(os.Args[2])
	must(err)
	store := startEtcd(filepath.Join(folder, "etcd"), port+1)
	accounts := writeKey(filepath.Join(folder, "accounts.pem"))
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{
		"--etcd-servers=" + store,
		"--bind-address=127.0.0.1",
		"--secure-port=" + os.Args[2],
		"--cert-dir=" + folder,
		"--token-auth-file=" + filepath.Join(folder, "tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://truth.invalid",
		"--service-account-key-file=" + accounts,
		"--service-account-signing-key-file=" + accounts,
		"--service-cluster-ip-range=10.96.0.0/12",
		"--endpoint-reconciler-type=none",
	}, os.Args[3:]...))
	os.Exit(cli.Run(command))
}

// startEtcd serves an empty store that need not outlive a crash, and returns its address.
func startEtcd(folder string, port int) string {
	address := func(port int) []url.URL {
		return []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}}
	}
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = address(port), address(port)
	config.ListenPeerUrls, config.AdvertisePeerUrls = address(port+1), address(port+1)
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	must(err)
	<-etcd.Server.ReadyNotify()
	return config.ListenClientUrls[0].String()
}

// writeKey makes the key that signs the tokens of service accounts.
func writeKey(path string) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	must(os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
