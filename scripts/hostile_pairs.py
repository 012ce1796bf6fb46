"""Pairs of what a repository may hold very many of: `n` of this beside `n` of that, and `n` items in one list of an object beside `n` in another.

Whatever is searched linearly inside of a loop is quadratic in one of them, so a new set rule is tried by construction. BLOCKS and OBJECTS are data: who adds a
kind of fact or a rule about several documents adds a line here.
"""
import itertools, os, pathlib, shutil, subprocess, tempfile, concurrent.futures

# Documents of a block, and items of a list, in the large run; the small run has a quarter.
MANY = 2000
# CPU seconds that a pair may take more than both of its halves alone, before it is looked at closely.
SLACK = 0.15
# Growth of CPU from n to 4n that is still linear enough, and the CPU below which it is not asked.
GROWTH, FLOOR = 6, 0.3
MEMORY = 600

each = lambda n, item, between="": between.join(item(i) for i in range(n))
some = lambda n, item: "[" + each(n, item, ", ") + "]"
RBAC = "rbac.authorization.k8s.io"
STATIC = lambda name, flags, n=1: (f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: kube-system, labels: {{component: {name}}}}}\nspec:\n  containers:\n"
                                  f"  - name: {name}\n    image: registry.k8s.io/{name}:v1.33.0\n    command:\n    - {name}\n" + "".join(f"    - {f}\n" for f in flags))
CRD = lambda kind, versions: ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: %ss.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: %s, plural: %ss}, versions: [%s]}\n"
                              % (kind.lower(), kind, kind.lower(), versions))
VERSION = lambda name, spec: "{name: %s, served: true, storage: %s, schema: {openAPIV3Schema: {type: object, properties: {spec: %s}}}}" % (name, "true" if name in ("v0", "v1") else "false", spec)

# One document each: of its own number, and of a key that it shares with documents of other blocks: its number, or 0 for all.
DOCUMENTS = {
    "api servers": lambda i, k: STATIC("kube-apiserver", [f"--etcd-servers=https://e{k}:{2000 + k % 9000}", f"--feature-gates=G{k}=true", f"--service-account-key-file=/k{k}.pub", f"--client-ca-file=/ca{k}",
                                       f"--kubelet-certificate-authority=/c{k}", f"--encryption-provider-config=/e{k}.yaml", f"--authentication-config=/a{k}.yaml", f"--admission-control-config-file=/adm{k}.yaml", "--enable-admission-plugins=EventRateLimit"]),
    "api servers without": lambda i, k: STATIC("kube-apiserver", [f"--etcd-servers=http://e{k}:{2000 + k % 9000}"]),
    "controller managers": lambda i, k: STATIC("kube-controller-manager", [f"--feature-gates=G{k}=false", f"--service-account-private-key-file=/x{k}.key"]).replace("1.33", "1.35"),
    "schedulers": lambda i, k: STATIC("kube-scheduler", [f"--feature-gates=G{k}=false"]).replace("1.33", "1.30"),
    "etcds": lambda i, k: STATIC("etcd", [f"--listen-client-urls=http://0.0.0.0:{2000 + k % 9000}", f"--trusted-ca-file=/ca{k}"]),
    "kubelet files": lambda i, k: f"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfeatureGates: {{G{k}: false}}\nserverTLSBootstrap: {'true' if k % 2 else 'false'}\nmaxPods: {k}\n",
    "kubelet flags": lambda i, k: f"apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration:\n  kubeletExtraArgs: [{{name: max-pods, value: '{k + 1}'}}, {{name: rotate-server-certificates, value: 'true'}}]\n",
    "encryption files": lambda i, k: "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: [{identity: {}}]}]\n",
    "authentication files": lambda i, k: "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous: {enabled: true}\n",
    "admission files": lambda i, k: f"apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{{name: P{k}}}]\n",
    "audit policies": lambda i, k: "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n",
    "files in ConfigMaps": lambda i, k: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: f{k}}}\ndata:\n  e{k}.yaml: |\n    apiVersion: apiserver.config.k8s.io/v1\n    kind: EncryptionConfiguration\n    resources: [{{resources: [secrets], providers: [{{identity: {{}}}}]}}]\n",
    "clusters": lambda i, k: f"apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {{name: c{k}}}\nspec: {{controlPlaneRef: {{kind: KubeadmControlPlane, name: p{k}}}}}\n",
    "control planes": lambda i, k: f"apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: {{name: p{k}}}\nspec: {{version: v1.33.0}}\n",
    "machine deployments": lambda i, k: f"apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineDeployment\nmetadata: {{name: m{i}}}\nspec: {{clusterName: c{k}, template: {{spec: {{version: v1.35.0}}}}}}\n",
    "definitions": lambda i, k: CRD(f"Widget{k}", VERSION("v1", "{type: object, properties: {a: {type: string, description: '%d'}}}" % i)),
    "custom resources": lambda i, k: f"apiVersion: example.com/v1\nkind: Widget{k}\nmetadata: {{name: w{i}}}\nspec: {{a: 1, b: 2}}\n",
    "custom resources of other kinds": lambda i, k: f"apiVersion: example.com/v{k}\nkind: Widget{k}s\nmetadata: {{name: w{i}}}\nspec: {{a: 1}}\n",
    "roles": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: Role\nmetadata: {{name: r{k}, namespace: n{k}}}\nrules: [{{apiGroups: [''], resources: [secrets], verbs: ['*']}}]\n",
    "cluster roles": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: ClusterRole\nmetadata: {{name: r{k}, labels: {{l: v{k}}}}}\nrules: [{{apiGroups: ['*'], resources: ['*'], verbs: ['*']}}]\n",
    "aggregating roles": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: ClusterRole\nmetadata: {{name: g{k}}}\naggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{l: v{k}}}}}]}}\nrules: []\n",
    "role bindings": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: RoleBinding\nmetadata: {{name: b{i}, namespace: n{k}}}\nroleRef: {{apiGroup: {RBAC}, kind: Role, name: r{k}}}\nsubjects: [{{kind: ServiceAccount, name: s{k}, namespace: n{k}}}]\n",
    "cluster role bindings": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b{i}}}\nroleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: r{k}}}\nsubjects: [{{kind: ServiceAccount, name: s{k}, namespace: n{k}}}]\n",
    "bindings of aggregating roles": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b{i}}}\nroleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: g{k}}}\nsubjects: [{{kind: User, apiGroup: {RBAC}, name: 'u{i}'}}]\n",
    "bindings of groups": lambda i, k: f"apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b{i}}}\nroleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: r{k}}}\nsubjects: [{{kind: Group, apiGroup: {RBAC}, name: 'system:serviceaccounts:n{k}'}}]\n",
    "accounts": lambda i, k: f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: s{k}, namespace: n{k}}}\nautomountServiceAccountToken: true\n",
    "accounts of one namespace": lambda i, k: f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: t{i}, namespace: n{k}}}\n",
    "pods": lambda i, k: f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: n{k}, labels: {{l: v{k}}}}}\nspec: {{serviceAccountName: s{k}, runtimeClassName: c{k}, containers: [{{name: a, image: 'a:1'}}]}}\n",
    "pods of accounts that are not there": lambda i, k: f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: n{k}}}\nspec: {{serviceAccountName: tt{i}, containers: [{{name: a, image: 'a:1'}}]}}\n",
    "deployments": lambda i, k: f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{i}}}\nspec: {{selector: {{matchLabels: {{l: v{k}}}}}, template: {{metadata: {{labels: {{l: v{k}}}}}, spec: {{containers: [{{name: a, image: 'a:1'}}]}}}}}}\n",
    "namespaces": lambda i, k: f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: n{k}}}\n",
    "network policies": lambda i, k: f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{i}, namespace: n{k}}}\nspec: {{podSelector: {{matchLabels: {{l: v{k}}}}}, policyTypes: [Ingress]}}\n",
    "services": lambda i, k: f"apiVersion: v1\nkind: Service\nmetadata: {{name: s{k}}}\nspec: {{selector: {{l: v{k}}}, ports: [{{port: 80}}]}}\n",
    "ingresses": lambda i, k: f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: s{k}}}\nspec: {{tls: [{{hosts: [h{k}], secretName: t{k}}}], rules: [{{host: h{k}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: s{k}, port: {{number: 80}}}}}}}}]}}}}]}}\n",
    "secrets": lambda i, k: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: t{k}}}\nstringData: {{password: hunter2hunter{i}}}\n",
    "suppressed pods": lambda i, k: f"# kubevet: ignore[pod/service-account-token-automounted] {k}\napiVersion: v1\nkind: Pod\nmetadata: {{name: q{i}, annotations: {{kubevet/ignore: pod/host-pid}}}}\nspec: {{hostPID: true, containers: [{{name: a, image: 'a:1'}}]}}\n",
}

# One object each with lists of n items: its text before them, and what stands in each by the list's path of keys.
OBJECTS = {
    "pod": ("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n0}\n", {
        "spec.containers": lambda i: f"{{name: c{i}, image: 'a:1', securityContext: {{privileged: true}}, volumeMounts: [{{name: v{i}, mountPath: /m{i}}}]}}",
        "spec.initContainers": lambda i: f"{{name: i{i}, image: 'a:1'}}",
        "spec.volumes": lambda i: f"{{name: v{i}, hostPath: {{path: /h{i}}}}}",
        "spec.imagePullSecrets": lambda i: f"{{name: s{i}}}", "spec.tolerations": lambda i: f"{{key: k{i}, operator: Exists}}",
        "spec.hostAliases": lambda i: f"{{ip: 10.0.0.1, hostnames: [h{i}]}}", "spec.readinessGates": lambda i: f"{{conditionType: x.io/c{i}}}",
        "spec.schedulingGates": lambda i: f"{{name: x.io/g{i}}}", "spec.resourceClaims": lambda i: f"{{name: r{i}, resourceClaimName: x}}",
        "spec.securityContext.sysctls": lambda i: f"{{name: kernel.s{i}, value: '1'}}", "spec.securityContext.supplementalGroups": str,
        "metadata.finalizers": lambda i: f"x.io/f{i}", "metadata.ownerReferences": lambda i: f"{{apiVersion: v1, kind: Pod, name: o{i}, uid: u{i}}}"}),
    "container": ("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", {
        "spec.containers.0.env": lambda i: f"{{name: E{i}, value: '$(E{i + 1})'}}", "spec.containers.0.envFrom": lambda i: f"{{configMapRef: {{name: c{i}}}}}",
        "spec.containers.0.ports": lambda i: f"{{name: p{i}, containerPort: {i + 1}, hostPort: {i + 1}}}", "spec.containers.0.args": lambda i: f"'--a{i}=$(E{i})'",
        "spec.containers.0.command": lambda i: f"c{i}", "spec.containers.0.volumeMounts": lambda i: f"{{name: v{i}, mountPath: /m{i}}}",
        "spec.containers.0.volumeDevices": lambda i: f"{{name: v{i}, devicePath: /m{i}}}", "spec.volumes": lambda i: f"{{name: v{i}, persistentVolumeClaim: {{claimName: c}}}}",
        "spec.containers.0.securityContext.capabilities.add": lambda i: f"C{i}", "spec.containers.0.securityContext.capabilities.drop": lambda i: f"C{i}",
        "spec.containers.0.resources.claims": lambda i: f"{{name: r{i}}}", "spec.resourceClaims": lambda i: f"{{name: r{i}, resourceClaimName: x}}"}),
    "role": (f"apiVersion: {RBAC}/v1\nkind: ClusterRole\n", {
        "metadata.labels": lambda i: (f"l{i}", "x"), "rules": lambda i: "{apiGroups: [''], resources: [secrets], verbs: ['*']}", "aggregationRule.clusterRoleSelectors": lambda i: f"{{matchLabels: {{l{i}: x}}}}"}),
    "rule": (f"apiVersion: {RBAC}/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n", {
        "rules.0.apiGroups": lambda i: f"g{i}.io", "rules.0.resources": lambda i: f"r{i}", "rules.0.verbs": lambda i: f"v{i}", "rules.0.resourceNames": lambda i: f"n{i}", "rules.0.nonResourceURLs": lambda i: f"/u{i}"}),
    "binding": (f"apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b}}\nroleRef: {{apiGroup: {RBAC}, kind: ClusterRole, name: r0}}\n", {
        "subjects": lambda i: f"{{kind: ServiceAccount, name: s{i}, namespace: n{i}}}"}),
    "deployment": ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n", {
        "spec.selector.matchLabels": lambda i: (f"l{i}", "x"), "spec.selector.matchExpressions": lambda i: f"{{key: l{i}, operator: Exists}}", "spec.template.metadata.labels": lambda i: (f"l{i}", "z"),
        "spec.template.spec.topologySpreadConstraints": lambda i: f"{{maxSkew: 1, topologyKey: t{i}, whenUnsatisfiable: DoNotSchedule}}", "spec.template.spec.nodeSelector": lambda i: (f"l{i}", "z")}),
    "stateful set": ("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d}\n", {
        "spec.volumeClaimTemplates": lambda i: f"{{metadata: {{name: v{i}}}}}", "spec.template.spec.volumes": lambda i: f"{{name: v{i}, emptyDir: {{}}}}",
        "spec.template.spec.containers": lambda i: f"{{name: c{i}, image: a, volumeMounts: [{{name: v{i}, mountPath: /a}}]}}"}),
    "service": ("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", {
        "spec.ports": lambda i: f"{{name: p{i}, port: {i + 1}, nodePort: {30000 + i}}}", "spec.externalIPs": lambda i: f"10.0.{i // 250}.{i % 250}", "spec.loadBalancerSourceRanges": lambda i: f"10.0.{i // 250}.{i % 250}/32"}),
    "ingress": ("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: s}\n", {
        "spec.rules": lambda i: f"{{host: h{i}.x.io, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}}}",
        "spec.tls": lambda i: f"{{hosts: [g{i}.x.io], secretName: t{i}}}", "metadata.annotations": lambda i: (f"nginx.ingress.kubernetes.io/a{i}", "x")}),
    "network policy": ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: s}\n", {
        "spec.ingress": lambda i: f"{{from: [{{ipBlock: {{cidr: 10.0.0.0/8, except: [10.1.{i // 250}.0/24]}}}}], ports: [{{port: {i + 1}}}]}}", "spec.egress": lambda i: f"{{to: [{{podSelector: {{matchLabels: {{l: v{i}}}}}}}]}}",
        "spec.ingress.0.ports": lambda i: f"{{port: {i + 1}, endPort: 1}}", "spec.egress.0.to.0.ipBlock.except": lambda i: f"10.0.{i // 250}.{i % 250}/32"}),
    "hpa": ("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: s}\n", {
        "spec.metrics": lambda i: f"{{type: Resource, resource: {{name: r{i}, target: {{type: Utilization, averageUtilization: 1}}}}}}", "spec.behavior.scaleUp.policies": lambda i: f"{{type: P{i}, value: 1, periodSeconds: 1}}"}),
    "encryption": ("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n", {
        "resources": lambda i: f"{{resources: [r{i}.x.io], providers: [{{aescbc: {{keys: [{{name: k{i}, secret: c2VjcmV0}}]}}}}]}}", "resources.0.resources": lambda i: f"r{i}",
        "resources.0.providers": lambda i: f"{{aescbc: {{keys: [{{name: k{i}, secret: c2VjcmV0}}]}}}}", "resources.0.providers.0.aescbc.keys": lambda i: f"{{name: k{i}, secret: c2VjcmV0}}"}),
    "audit": ("apiVersion: audit.k8s.io/v1\nkind: Policy\n", {
        "rules": lambda i: f"{{level: Metadata, users: [u{i}], resources: [{{group: '', resources: [r{i}]}}]}}", "omitStages": lambda i: f"S{i}", "rules.0.users": lambda i: f"u{i}", "rules.0.verbs": lambda i: f"v{i}", "rules.0.namespaces": lambda i: f"n{i}",
        "rules.0.resources": lambda i: f"{{group: g{i}, resources: [r{i}]}}", "rules.0.nonResourceURLs": lambda i: f"/u{i}"}),
    "admission": ("apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n", {
        "plugins": lambda i: f"{{name: P{i}, path: p{i}.yaml}}", "plugins.0.configuration.exemptions.namespaces": lambda i: f"n{i}", "plugins.0.configuration.exemptions.usernames": lambda i: f"n{i}"}),
    "authentication": ("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n", {
        "jwt": lambda i: f"{{issuer: {{url: 'https://i{i}', audiences: [a{i}]}}, claimMappings: {{username: {{claim: sub, prefix: ''}}}}}}", "anonymous.conditions": lambda i: f"{{path: /p{i}}}",
        "jwt.0.issuer.audiences": lambda i: f"a{i}", "jwt.0.claimValidationRules": lambda i: f"{{claim: c{i}, requiredValue: x}}", "jwt.0.claimMappings.extra": lambda i: f"{{key: x.io/k{i}, valueExpression: x}}"}),
    "authorization": ("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n", {
        "authorizers": lambda i: f"{{type: Webhook, name: w{i}, webhook: {{timeout: 1s}}}}", "authorizers.0.webhook.matchConditions": lambda i: f"{{expression: 'x == {i}'}}"}),
    "kubelet": ("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", {
        "featureGates": lambda i: (f"G{i}", "true"), "evictionHard": lambda i: (f"e{i}", "1"), "clusterDNS": lambda i: f"10.0.0.{i}", "tlsCipherSuites": lambda i: f"TLS_{i}", "enforceNodeAllocatable": lambda i: f"n{i}",
        "allowedUnsafeSysctls": lambda i: f"kernel.s{i}", "registerWithTaints": lambda i: f"{{key: k{i}, effect: NoSchedule}}", "reservedMemory": lambda i: f"{{numaNode: {i}, limits: {{memory: 1Gi}}}}"}),
    "kubeadm": ("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n", {
        "apiServer.extraArgs": lambda i: f"{{name: f{i}, value: x{i}}}", "apiServer.extraVolumes": lambda i: f"{{name: v{i}, hostPath: /h{i}, mountPath: /m{i}}}", "apiServer.certSANs": lambda i: f"h{i}", "controllerManager.extraArgs": lambda i: f"{{name: f{i}, value: x{i}}}",
        "etcd.local.extraArgs": lambda i: f"{{name: f{i}, value: x{i}}}", "apiServer.extraEnvs": lambda i: f"{{name: E{i}, value: x}}", "featureGates": lambda i: (f"G{i}", "true")}),
    "kubeadm, old": ("apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n", {
        "apiServer.extraArgs": lambda i: (f"f{i}", "x"), "scheduler.extraArgs": lambda i: (f"f{i}", "x"), "apiServer.extraVolumes": lambda i: f"{{name: v{i}, hostPath: /h{i}, mountPath: /m{i}}}"}),
    "control plane": ("apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: {name: p}\n", {
        "spec.kubeadmConfigSpec.files": lambda i: f"{{path: /f{i}.yaml, content: \"kind: KubeletConfiguration\\napiVersion: kubelet.config.k8s.io/v1beta1\\nmaxPods: {i}\\n\"}}",
        "spec.kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs": lambda i: (f"f{i}", f"/f{i}.yaml"), "spec.kubeadmConfigSpec.preKubeadmCommands": lambda i: f"c{i}", "spec.kubeadmConfigSpec.users": lambda i: f"{{name: u{i}}}"}),
    "kubeconfig": ("apiVersion: v1\nkind: Config\ncurrent-context: x1\n", {
        "clusters": lambda i: f"{{name: c{i}, cluster: {{server: 'https://h{i}'}}}}", "users": lambda i: f"{{name: u{i}, user: {{token: t{i}}}}}", "contexts": lambda i: f"{{name: x{i}, context: {{cluster: c{i}, user: u{i}}}}}"}),
    "kustomization": ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", {
        "resources": lambda i: f"r{i}.yaml", "patches": lambda i: f"{{path: p{i}.yaml, target: {{kind: Pod, name: p{i}}}}}", "images": lambda i: f"{{name: i{i}, newTag: '1'}}", "configMapGenerator": lambda i: f"{{name: c{i}, literals: [a=b{i}]}}",
        "secretGenerator": lambda i: f"{{name: c{i}, literals: [password=hunter{i}hunter]}}", "replacements": lambda i: f"{{path: q{i}.yaml}}", "patchesStrategicMerge": lambda i: f"s{i}.yaml"}),
    "webhooks": ("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\n", {
        "webhooks": lambda i: f"{{name: w{i}.x.io, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {{url: 'https://h'}}, rules: [{{apiGroups: [''], apiVersions: [v1], resources: [r{i}], operations: [CREATE]}}]}}",
        "webhooks.0.rules": lambda i: f"{{apiGroups: [g{i}], apiVersions: [v1], resources: [r{i}], operations: [CREATE]}}", "webhooks.0.rules.0.resources": lambda i: f"r{i}", "webhooks.0.matchConditions": lambda i: f"{{name: m{i}, expression: 'x'}}"}),
    "definition": ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widget0s.example.com}\n", {
        "spec.versions": lambda i: VERSION(f"v{i}", "{type: object}"), "spec.names.shortNames": lambda i: f"s{i}", "spec.names.categories": lambda i: f"s{i}", "spec.conversion.webhook.conversionReviewVersions": lambda i: f"v{i}"}),
    "schema": ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widget0s.example.com}\n", {
        "spec.versions.0.schema.openAPIV3Schema.properties": lambda i: (f"a{i}", f"{{type: string, pattern: '^a{i}[a-z]$'}}"), "spec.versions.0.schema.openAPIV3Schema.required": lambda i: f"a{i}", "spec.versions.0.schema.openAPIV3Schema.enum": lambda i: f"e{i}",
        "spec.versions.0.schema.openAPIV3Schema.allOf": lambda i: f"{{required: [a{i}]}}", "spec.versions.0.schema.openAPIV3Schema.x-kubernetes-validations": lambda i: f"{{rule: 'self.a{i} == 1'}}", "spec.versions.0.additionalPrinterColumns": lambda i: f"{{name: c{i}, type: string, jsonPath: .spec.a{i}}}",
        "spec.versions.0.schema.openAPIV3Schema.anyOf": lambda i: f"{{properties: {{a{i}: {{minLength: 1}}}}}}", "spec.versions.0.selectableFields": lambda i: f"{{jsonPath: .a{i}}}"}),
    "config map": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", {
        "data": lambda i: (f"k{i}.yaml", '"apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\n"'), "binaryData": lambda i: (f"b{i}", "YQ=="), "metadata.annotations": lambda i: (f"x.io/a{i}", "pod/x")}),
    "secret": ("apiVersion: v1\nkind: Secret\nmetadata: {name: c}\n", {
        "data": lambda i: (f"k{i}", "aHVudGVyMmh1bnRlcg=="), "stringData": lambda i: (f"k{i}", "hunter2hunter"), "metadata.labels": lambda i: (f"l{i}", "x")}),
    "ignored": ("apiVersion: v1\nkind: Pod\nspec: {hostPID: true, containers: [{name: a, image: a}]}\n", {
        "metadata.annotations": lambda i: (f"kubevet/ignore{i}", "pod/host-pid"), "metadata.labels": lambda i: (f"l{i}", "x")}),
    "gateway": ("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\n", {
        "spec.listeners": lambda i: f"{{name: l{i}, port: {i + 1}, protocol: HTTP, hostname: h{i}}}", "spec.addresses": lambda i: f"{{value: a{i}}}"}),
}

FLAGS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"]
LISTS = {"kube-apiserver": ["enable-admission-plugins", "disable-admission-plugins", "feature-gates", "etcd-servers", "service-account-key-file", "authorization-mode", "tls-cipher-suites", "oidc-required-claim", "runtime-config"],
         "kube-controller-manager": ["controllers", "feature-gates"], "kube-scheduler": ["feature-gates"], "etcd": ["listen-client-urls", "initial-cluster", "cipher-suites"]}

# Files by name, n of something in each.
FILES = {
    "unit lines": lambda n: {"kubelet.service": "[Service]\n" + each(n, lambda i: f"Environment=A{i}=--f{i}=x\n") + "ExecStart=/usr/bin/kubelet " + each(n, lambda i: f"$A{i} ") + "\n"},
    "unit flags": lambda n: {"kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet " + each(n, lambda i: f"--f{i}=x --node-labels=a{i}=b ") + "\n"},
    "k3s": lambda n: {"etc/rancher/k3s/config.yaml": "kube-apiserver-arg:\n" + each(n, lambda i: f"- f{i}=x\n") + "tls-san:\n" + each(n, lambda i: f"- h{i}\n") + "disable:\n" + each(n, lambda i: f"- d{i}\n")},
    "units": lambda n: {f"u{i}/kubelet.service": f"[Service]\nExecStart=/usr/bin/kubelet --max-pods={i}\n" for i in range(n // 4)},
    "files": lambda n: {f"f{i}/x.yaml": DOCUMENTS["pods"](i, i) for i in range(n // 4)},
    "resources in files": lambda n: {f"r{i}/x.yaml": DOCUMENTS["custom resources"](i, 0) for i in range(n // 4)},
    "definitions in files": lambda n: {f"d{i}/x.yaml": DOCUMENTS["definitions"](i, 0) for i in range(n // 4)},
    "bindings in files": lambda n: {f"b{i}/x.yaml": DOCUMENTS["cluster role bindings"](i, 0) for i in range(n // 4)},
    "roles in files": lambda n: {f"o{i}/x.yaml": DOCUMENTS["cluster roles"](i, 0) for i in range(n // 4)},
    "kustomizations": lambda n: {f"k{i}/kustomization.yaml": "resources: [x.yaml]\npatches: [{path: ../f%d/x.yaml}]\n" % i for i in range(n // 4)},
    "charts": lambda n: {f"c{i}/{name}": text for i in range(n // 4) for name, text in (("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"), ("templates/x.yaml", "a: {{ b }}\n"))},
    "configured ignores": lambda n: {"kubevet.yaml": "ignore:\n" + each(n, lambda i: f"- {{rule: pod/host-pid, paths: ['f{i}/**'], reason: r}}\n")},
    "configured exclusions": lambda n: {"kubevet.yaml": "exclude:\n" + each(n, lambda i: f"- g{i}/**\n")},
    "configured selections": lambda n: {"kubevet.yaml": "select:\n" + each(n, lambda i: "- pod/host-pid\n") + "ignore:\n" + each(n, lambda i: "- pod/host-ipc\n") + "severity: {pod/host-pid: low}\n"},
    "configured parameters": lambda n: {"kubevet.yaml": "parameters: {rbac/bound-to-dangerous-role: {dangers: " + some(n, lambda i: f"rbac/d{i}") + "}}\n"},
    "schema locations": lambda n: {"kubevet.yaml": "schema-locations:\n" + each(n, lambda i: "- s\n"), "s/x": ""},
    "list of custom resources": lambda n: {"l.yaml": "apiVersion: v1\nkind: List\nitems:\n" + each(n, lambda i: f"- {{apiVersion: example.com/v1, kind: Widget0, metadata: {{name: l{i}}}, spec: {{a: 1}}}}\n")},
    "list of pods": lambda n: {"l.yaml": "apiVersion: v1\nkind: List\nitems:\n" + each(n, lambda i: f"- {{apiVersion: v1, kind: Pod, metadata: {{name: l{i}}}, spec: {{hostPID: true, containers: []}}}}\n")},
    "quoted documents": lambda n: {"q.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: q}\ndata:\n  a.yaml: |\n" + each(n, lambda i: f"    ---\n    apiVersion: v1\n    kind: Pod\n    metadata: {{name: q{i}}}\n    spec: {{hostPID: true, containers: []}}\n")},
    "anchors": lambda n: {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + each(n, lambda i: f"x{i}: &x{i} [1]\n") + each(n, lambda i: f"y{i}: *x{i}\n")},
    "merges": lambda n: {"m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + each(n, lambda i: f"x{i}: &x{i} {{a{i}: b}}\n") + "data:\n  <<: " + some(n, lambda i: f"*x{i}") + "\n"},
    "a long key": lambda n: {"k.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{? {'k' * n * 20} : x}}}}\nspec:\n  ? {'z' * n * 20}\n  : {some(n, lambda i: '{privileged: true}')}\n"},
    "a long name": lambda n: {"k.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: %s}\n" % ("n" * n * 20, some(n, lambda i: f"{{name: c{i}, image: 'a:latest'}}"))},
}


def nested(path, text):
    """A list at a path of keys, as flow text: `spec.containers.0.env` is env of the one item of containers."""
    for key in reversed(path.split(".")):
        text = f"[{text}]" if key == "0" else f"{{{key}: {text}}}"
    return text[1:-1]


def listed(field, item, n):
    values = [item(i) for i in range(n)]
    if isinstance(values[0], tuple):
        return {(*field.split("."),): "{" + ", ".join(f"{k}: {v}" for k, v in values) + "}"}
    return {(*field.split("."),): "[" + ", ".join(values) + "]"}


# What an item needs beside its list, where there is but one of it.
BESIDE = {("spec", "containers", "0"): "name: a, image: 'a:1'", ("metadata",): "name: x", ("rules", "0"): "", ("spec", "versions", "0"): "name: v1, served: true, storage: true", ("spec", "versions", "0", "schema", "openAPIV3Schema"): "type: object",
          ("plugins", "0"): "name: PodSecurity", ("webhooks", "0"): "name: w.x.io, sideEffects: None", ("spec", "template", "spec"): "serviceAccountName: s0"}


def joined(trees):
    """One flow map of several lists at paths of keys."""
    root = {}
    for tree in trees:
        for path, text in tree.items():
            at = root
            for key in path[:-1]:
                at = at.setdefault(key, {})
                if not isinstance(at, dict): return None  # one list is in an item of the other
            if path[-1] in at: return None
            at[path[-1]] = text

    def text(node, path):
        if isinstance(node, str): return node
        beside = BESIDE.get(path, "")
        if list(node) == ["0"]: return "[" + text(node["0"], (*path, "0")) + "]"
        own = [f"{k}: {text(v, (*path, k))}" for k, v in node.items()]
        return "{" + ", ".join(([beside] if beside else []) + own) + "}"

    return "".join(f"{k}: {text(v, (k,))}\n" for k, v in root.items())


def blocks(n):
    """Each block's name, its group, and its files. Blocks of one group are not paired with each other."""
    made = {}
    # Several kinds of documents at once: what is quadratic shows all the same, and there are fewer runs.
    for mode, key in (("", lambda i: i), (" of one key", lambda i: 0)):
        texts = {f"{name.replace(' ', '-')}.yaml": each(n, lambda i: document(i, key(i)), "---\n") for name, document in DOCUMENTS.items()}
        names = list(texts)
        for size in (3, 6):
            for at in range(0, len(names), size):
                kinds = names[at:at + size]
                made[" + ".join(name[:-5] for name in kinds) + mode] = (f"{size} kinds{mode}", {name: texts[name] for name in kinds})
    for kind, (head, fields) in OBJECTS.items():
        for field, item in fields.items():
            text = joined([listed(field, item, n)])
            named = "kustomization.yaml" if kind == "kustomization" else f"{kind.replace(' ', '-').replace(',', '')}.yaml"
            made[f"{kind}: {field}"] = ("objects", {named: merged(head, text)})
    for program in FLAGS:
        for flag in LISTS[program]:
            made[f"{program}: {flag}"] = ("objects", {"flags.yaml": STATIC(program, [f"--{flag}={','.join(f'x{i}' for i in range(n))}"])})
        made[f"{program}: flags"] = ("objects", {"flags.yaml": STATIC(program, [f"--f{i}=x" for i in range(n)])})
    for name, files in FILES.items():
        made[name] = ("files", files(n))
    return made


def merged(head, text):
    """The head of an object and its lists; what both have is the lists'."""
    keys = {line.split(":")[0] for line in text.splitlines()}
    kept = [line for line in head.splitlines() if line.split(":")[0] not in keys]
    return "\n".join(kept) + "\n" + text


def inner_pairs(n):
    """Two lists of one object."""
    for kind, (head, fields) in OBJECTS.items():
        for (a, of_a), (b, of_b) in itertools.combinations(fields.items(), 2):
            text = joined([listed(a, of_a, n), listed(b, of_b, n)])
            if text is not None:
                named = "kustomization.yaml" if kind == "kustomization" else "object.yaml"
                yield f"{kind}: {a} x {b}", {named: merged(head, text)}
    for program in FLAGS:
        for a, b in itertools.combinations(LISTS[program], 2):
            flags = [f"--{flag}={','.join(f'x{i}' for i in range(n))}" for flag in (a, b)]
            yield f"{program}: {a} x {b}", {"flags.yaml": STATIC(program, flags)}


# The set rules see documents; what is within one object meets those that all documents of a kind share, and files meet all.
PAIRED = [("3 kinds", "3 kinds"), ("3 kinds of one key", "3 kinds of one key"), ("6 kinds of one key", "objects"), ("6 kinds of one key", "files"), ("6 kinds", "files")]
# Lists within one object that documents are held against.
HELD = ("role: ", "rule: rules.0.resources", "binding: ", "kube-apiserver: ", "kube-controller-manager: ", "kubelet: featureGates", "kubeadm: apiServer.extraArgs", "control plane: ", "admission: plugins", "authorization: authorizers", "definition: spec.versions", "schema: ", "kustomization: ")


def spent(kubevet, folder):
    """CPU seconds and MB of a run; an abort, a panic and a run without end are faults."""
    child = subprocess.Popen([kubevet, "check", "--root", folder, "--threads", "1", "--quiet", "--output-format", "compact", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_CPU, (30, 30)))
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ended = child.returncode in (0, 1, 2)
    return (usage.ru_utime + usage.ru_stime) if ended else 99.0, usage.ru_maxrss / 1024


def measured(kubevet, *several):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, ".git"))
        for files in several:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a") as file:
                    if file.tell(): file.write("---\n")
                    file.write(text)
        return spent(kubevet, folder)


# What is tried before each change lands: blocks alone, and documents beside documents. The rest takes a quarter of an hour.
ALWAYS = PAIRED[:2]


def run(kubevet, only="", everything=False):
    """Tries blocks and pairs; the names of those that are not linear, each with why."""
    paired = PAIRED if everything or only else ALWAYS
    large, small = blocks(MANY), blocks(MANY // 4)
    inner = {n: dict(inner_pairs(n)) if everything or only else {} for n in (MANY, MANY // 4)}
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        alone = dict(zip(large, pool.map(lambda name: measured(kubevet, large[name][1]), large)))
        pairs = [(a, b) for a, b in itertools.combinations(large, 2) if (large[a][0], large[b][0]) in paired and (large[b][0] != "objects" or b.startswith(HELD))]
        wanted = [pair for pair in pairs if only in f"{pair[0]} x {pair[1]}"]
        together = pool.map(lambda pair: measured(kubevet, large[pair[0]][1], large[pair[1]][1]), wanted)
        # What is suspicious is measured with nothing beside it.
        suspects = [(name, (large[name][1],), (small[name][1],)) for name, (cpu, mb) in alone.items() if only in name and (cpu > FLOOR or mb > MEMORY)]
        for (a, b), (cpu, mb) in zip(wanted, together):
            if cpu > alone[a][0] + alone[b][0] + SLACK or mb > MEMORY:
                suspects.append((f"{a} x {b}", (large[a][1], large[b][1]), (small[a][1], small[b][1])))
        names = [name for name in inner[MANY] if only in name]
        for name, (cpu, mb) in zip(names, pool.map(lambda name: measured(kubevet, inner[MANY][name]), names)):
            if cpu > FLOOR or mb > MEMORY:
                suspects.append((name, (inner[MANY][name],), (inner[MANY // 4][name],)))
    print(f"{len(alone) + len(wanted) + len(names)} blocks and pairs, {len(suspects)} to be looked at closely", flush=True)
    for name, of_large, of_small in suspects:
        for _ in range(2):  # a busy machine: once more
            (few, _), (many, mb) = measured(kubevet, *of_small), measured(kubevet, *of_large)
            why = f"n {few:.2f} s, 4n {many:.2f} s, {mb:.0f} MB"
            wrong = many > FLOOR and many > GROWTH * few or mb > MEMORY
            if not wrong: break
        if wrong: failed.append((name, why))
        print(f"{'FAIL' if wrong else 'ok  '} {name}: {why}", flush=True)
    print(f"{len(alone) + len(wanted) + len(names)} blocks and pairs, {len(suspects)} looked at closely, {len(failed)} not linear", flush=True)
    return failed


if __name__ == "__main__":
    import sys
    words = [word for word in sys.argv[2:] if word != "--all"]
    sys.exit(1 if run(sys.argv[1], *words, everything="--all" in sys.argv) else 0)
