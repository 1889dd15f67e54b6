{{/* The operator's settings (operator/config.ts) as environment. A test holds every name to that table. */}}

{{- define "inference-operator.operatorEnv" -}}
- name: OPERATOR_NAMESPACE
  value: {{ .Release.Namespace | quote }}
- name: OPERATOR_NAMESPACES
  value: {{ join "," .Values.watchNamespaces | quote }}
- name: OPERATOR_IDENTITY
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: OPERATOR_LEADER_ELECTION
  value: "true"
- name: OPERATOR_LEASE_NAME
  value: {{ include "inference-operator.fullname" . | quote }}
- name: OPERATOR_LEASE_SECONDS
  value: {{ .Values.operator.leaseSeconds | quote }}
- name: OPERATOR_ADMIN_PORT
  value: "9090"
- name: OPERATOR_WORKERS
  value: {{ .Values.operator.workers | quote }}
- name: OPERATOR_MAX_CONCURRENT_ROLLOUTS
  value: {{ .Values.operator.maxConcurrentRollouts | quote }}
- name: OPERATOR_LOG_LEVEL
  value: {{ .Values.operator.logLevel | quote }}
- name: OPERATOR_SIDECAR_IMAGE
  value: {{ include "inference-operator.ownImage" (list . .Values.sidecar.image) | quote }}
- name: OPERATOR_SIDECAR_IMAGE_PULL_POLICY
  value: {{ .Values.sidecar.image.pullPolicy | quote }}
- name: OPERATOR_SIDECAR_IMAGE_PULL_SECRETS
  value: {{ join "," .Values.sidecar.imagePullSecrets | quote }}
- name: OPERATOR_SIDECAR_RESOURCES
  value: {{ default dict .Values.sidecar.resources | toJson | quote }}
- name: OPERATOR_SIDECAR_LOG_LEVEL
  value: {{ .Values.sidecar.logLevel | quote }}
- name: OPERATOR_SIDECAR_TRACES_ENDPOINT
  value: {{ .Values.sidecar.tracesEndpoint | quote }}
- name: OPERATOR_POLICY
  value: {{ default dict .Values.policy | toJson | quote }}
- name: OPERATOR_PROTECTED_SECRETS
  value: {{ include "inference-operator.ownSecrets" . | quote }}
- name: OPERATOR_NETWORK_POLICIES
  value: {{ .Values.deployments.networkPolicies | quote }}
- name: OPERATOR_ADMIN_PEERS
  value: {{ concat (list (include "inference-operator.operatorPeer" . | fromYaml)) (default list .Values.deployments.metricsFrom) | toJson | quote }}
- name: OPERATOR_POD_MONITORS
  value: {{ .Values.deployments.podMonitors | quote }}
- name: OPERATOR_POD_MONITOR_LABELS
  value: {{ include "inference-operator.pairs" .Values.deployments.podMonitorLabels | quote }}
{{- include "inference-operator.storeEnv" . }}
{{- with .Values.operator.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "inference-operator.storeEnv" -}}
{{- if .Values.redis.enabled }}
- name: OPERATOR_STORE_URL
  value: {{ include "inference-operator.redisUrl" . | quote }}
- name: OPERATOR_STORE_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ include "inference-operator.redisSecret" . | quote }}, key: password }
{{- if .Values.redis.tls.enabled }}
- name: OPERATOR_STORE_CA
  valueFrom:
    secretKeyRef: { name: {{ include "inference-operator.redisTlsSecret" . | quote }}, key: ca.crt }
{{- end }}
{{- else if include "inference-operator.hasStore" . }}
- name: OPERATOR_STORE_URL
  valueFrom:
    secretKeyRef: { name: {{ include "inference-operator.externalSecret" . | quote }}, key: {{ ternary .Values.externalRedis.urlKey "url" (ne .Values.externalRedis.existingSecret "") | quote }} }
{{- if and .Values.externalRedis.existingSecret .Values.externalRedis.passwordKey }}
- name: OPERATOR_STORE_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ .Values.externalRedis.existingSecret | quote }}, key: {{ .Values.externalRedis.passwordKey | quote }} }
{{- end }}
{{- if and .Values.externalRedis.existingSecret .Values.externalRedis.caKey }}
- name: OPERATOR_STORE_CA
  valueFrom:
    secretKeyRef: { name: {{ .Values.externalRedis.existingSecret | quote }}, key: {{ .Values.externalRedis.caKey | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* The operator's pods as a NetworkPolicyPeer, whatever namespace the policy is in. */}}
{{- define "inference-operator.operatorPeer" -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ .Release.Namespace | quote }}
podSelector:
  matchLabels: {{- include "inference-operator.selector" (list . "operator") | nindent 4 }}
{{- end -}}

{{/* Secrets of this release, in its namespace: no InferenceDeployment there may name them. */}}
{{- define "inference-operator.ownSecrets" -}}
{{- $names := list -}}
{{- if .Values.redis.enabled -}}
{{- $names = append $names (include "inference-operator.redisSecret" .) -}}
{{- if .Values.redis.tls.enabled }}{{ $names = append $names (include "inference-operator.redisTlsSecret" .) }}{{ end -}}
{{- else if include "inference-operator.hasStore" . -}}
{{- $names = append $names (include "inference-operator.externalSecret" .) -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}

{{/* {a: b, c: d} as a=b,c=d */}}
{{- define "inference-operator.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . }}{{ $pairs = append $pairs (printf "%s=%s" $key $value) }}{{ end -}}
{{- join "," $pairs -}}
{{- end -}}
