{{/* What Kubernetes' "restricted" Pod Security Standard asks for, once for every pod of the chart. */}}

{{- define "inference-operator.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "inference-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* true, false or auto: auto asks whether the cluster serves the kind. Call with (list . value "group/version/Kind"). */}}
{{- define "inference-operator.isWanted" -}}
{{- $root := index . 0 -}}
{{- $wanted := toString (index . 1) -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") ($root.Capabilities.APIVersions.Has (index . 2))) -}}true{{- end -}}
{{- end -}}
