//go:build !proxy

// What one release of Kubernetes says of itself, printed by its own code: a row for each fact, its columns divided by tabs, the table it
// belongs to first. scripts/add-release.py builds it against the release.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/pflag"

	extensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	policyconfig "k8s.io/apiserver/pkg/admission/plugin/policy/config/apis/policyconfig/install"
	resourcequota "k8s.io/apiserver/pkg/admission/plugin/resourcequota/apis/resourcequota/install"
	webhookadmission "k8s.io/apiserver/pkg/admission/plugin/webhook/config/apis/webhookadmission/install"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/install"
	audit "k8s.io/apiserver/pkg/apis/audit/install"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	// Some flags of logging come with the format.
	_ "k8s.io/component-base/logs/json/register"
	leadermigrationv1 "k8s.io/controller-manager/config/v1"
	leadermigrationv1alpha1 "k8s.io/controller-manager/config/v1alpha1"
	leadermigrationv1beta1 "k8s.io/controller-manager/config/v1beta1"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	kubeletcredentialsv1 "k8s.io/kubelet/config/v1"
	kubeletcredentialsv1alpha1 "k8s.io/kubelet/config/v1alpha1"
	kubeletcredentialsv1beta1 "k8s.io/kubelet/config/v1beta1"
	podsecurityv1 "k8s.io/pod-security-admission/admission/api/v1"
	podsecurityv1alpha1 "k8s.io/pod-security-admission/admission/api/v1alpha1"
	podsecurityv1beta1 "k8s.io/pod-security-admission/admission/api/v1beta1"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	apiserverapp "k8s.io/kubernetes/cmd/kube-apiserver/app"
	managerapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	schedulerapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/controlplane"
	"k8s.io/kubernetes/pkg/generated/openapi"
	"k8s.io/kubernetes/pkg/kubeapiserver/options"
	kubelet "k8s.io/kubernetes/pkg/kubelet/apis/config/scheme"
	proxy "k8s.io/kubernetes/pkg/proxy/apis/config/scheme"
	scheduler "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	eventratelimit "k8s.io/kubernetes/plugin/pkg/admission/eventratelimit/apis/eventratelimit/install"
	podtoleration "k8s.io/kubernetes/plugin/pkg/admission/podtolerationrestriction/apis/podtolerationrestriction/install"
)

func main() {
	for _, served := range os.Args[1:] {
		isServed(served)
	}
	enumerations()
	flags()
	gates()
	plugins()
	configurations()
}

// isServed tells whether an API server serves group/version/resource unless told otherwise; the core group is empty.
func isServed(resource string) {
	part := strings.Split(resource, "/")
	name := schema.GroupVersionResource{Group: part[0], Version: part[1], Resource: part[2]}
	// The three servers that kube-apiserver is made of.
	on := controlplane.DefaultAPIResourceConfigSource().ResourceEnabled(name) ||
		extensions.DefaultAPIResourceConfigSource().ResourceEnabled(name) ||
		aggregator.DefaultAPIResourceConfigSource().ResourceEnabled(name)
	if !on {
		row("off", part...)
	}
}

func enumerations() {
	reference := func(string) spec.Ref { return spec.Ref{} }
	for name, definition := range openapi.GetOpenAPIDefinitions(common.ReferenceCallback(reference)) {
		for field, property := range definition.Schema.Properties {
			values := property.Enum
			if property.Items != nil && property.Items.Schema != nil && len(values) == 0 {
				values = property.Items.Schema.Enum
			}
			for _, value := range values {
				row("enum", name, field, fmt.Sprint(value))
			}
		}
	}
}

func flags() {
	printFlags("kube-apiserver", apiserverapp.NewAPIServerCommand().Flags())
	printFlags("kube-controller-manager", managerapp.NewControllerManagerCommand().Flags())
	printFlags("kube-scheduler", schedulerapp.NewSchedulerCommand().Flags())
	// The kubelet's command keeps its flags to itself.
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	set.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	kubeletapp.NewKubeletFlags().AddFlags(set)
	configuration, err := kubeletapp.NewKubeletConfiguration()
	must(err)
	kubeletapp.AddKubeletConfigFlags(set, configuration)
	kubeletapp.AddGlobalFlags(set)
	printFlags("kubelet", set)
}

func gates() {
	for name, gate := range utilfeature.DefaultMutableFeatureGate.GetAll() {
		// Stand for all gates of a stage.
		if name == "AllAlpha" || name == "AllBeta" {
			continue
		}
		stage, locked := "GA", ""
		if gate.PreRelease != "" {
			stage = strings.ToLower(string(gate.PreRelease))
		}
		if gate.LockToDefault {
			locked = "locked"
		}
		row("gate", string(name), stage, fmt.Sprint(gate.Default), locked)
	}
}

func plugins() {
	off := options.DefaultOffAdmissionPlugins()
	for _, name := range options.AllOrderedPlugins {
		state := "on"
		if off.Has(name) {
			state = "off"
		}
		row("plugin", name, state)
	}
}

// configurations prints the fields of the files that the components read, and what an empty file of each kind becomes.
func configurations() {
	files := runtime.NewScheme()
	for _, install := range []func(*runtime.Scheme){
		apiserver.Install, audit.Install, policyconfig.Install, resourcequota.Install, webhookadmission.Install,
		eventratelimit.Install, podtoleration.Install,
	} {
		install(files)
	}
	for _, add := range []func(*runtime.Scheme) error{
		leadermigrationv1.AddToScheme, leadermigrationv1alpha1.AddToScheme, leadermigrationv1beta1.AddToScheme,
		kubeletcredentialsv1.AddToScheme, kubeletcredentialsv1alpha1.AddToScheme, kubeletcredentialsv1beta1.AddToScheme,
		podsecurityv1.AddToScheme, podsecurityv1alpha1.AddToScheme, podsecurityv1beta1.AddToScheme,
	} {
		must(add(files))
	}
	kubeletScheme, _, err := kubelet.NewSchemeAndCodecs()
	must(err)
	for _, known := range []*runtime.Scheme{files, kubeadm.Scheme, kubeletScheme, proxy.Scheme, scheduler.Scheme} {
		for gvk, kind := range known.AllKnownTypes() {
			// Of the versions that are written to files, not the options of a request.
			if gvk.Version == runtime.APIVersionInternal || gvk.Group == "" || strings.HasSuffix(kind.PkgPath(), "/apis/meta/v1") {
				continue
			}
			row("file-kind", gvk.Group, gvk.Version, gvk.Kind)
			fields(gvk.Group+"."+gvk.Version+"."+gvk.Kind, kind)
			object, err := known.New(gvk)
			must(err)
			known.Default(object)
			text, err := json.Marshal(object)
			must(err)
			row("file-default", gvk.Kind, string(text))
		}
	}
}

// fields prints the fields of a map in a file: under the type's name the key and the shape, as schemas/kubernetes/types.tsv has it.
func fields(name string, of reflect.Type) (count int) {
	for i := range of.NumField() {
		field := of.Field(i)
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strings.Contains(options, "inline") || field.Anonymous && key == "" {
			if field.Type.Name() != "TypeMeta" {
				count += fields(name, field.Type)
			}
			continue
		}
		if key != "-" && key != "" && field.IsExported() {
			row("file-field", name, key, shape(name+"/"+key, field.Type))
			count++
		}
	}
	return count
}

var wellKnown = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "d", "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "t",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "m", "k8s.io/apimachinery/pkg/api/resource.Quantity": "q",
	"k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta": "a", "k8s.io/apimachinery/pkg/apis/meta/v1.ListMeta": "a",
	"time.Duration": "a",
}

func shape(name string, of reflect.Type) string {
	if code, known := wellKnown[of.PkgPath()+"."+of.Name()]; known {
		return code
	}
	switch of.Kind() {
	case reflect.Pointer:
		return shape(name, of.Elem())
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int32:
		return "i"
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "l"
	case reflect.Float32, reflect.Float64:
		return "n"
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "B"
		}
		return "[" + shape(name, of.Elem())
	case reflect.Map:
		return "{" + shape(name, of.Elem())
	case reflect.Struct:
		marshaler := reflect.TypeFor[json.Unmarshaler]()
		if reflect.PointerTo(of).Implements(marshaler) {
			return custom(of.Name())
		}
		if fields(name, of) > 0 {
			return name
		}
	}
	return "a"
}

// custom is the shape of what reads itself.
func custom(name string) string {
	switch {
	case name == "BootstrapTokenString":
		return "s"
	case strings.HasSuffix(name, "Quantity") || name == "QuantityValue":
		return "q"
	}
	return "a"
}
