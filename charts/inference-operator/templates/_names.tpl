{{/* Names and labels of what the chart makes. Selector labels never change: selectors of workloads are immutable. */}}

{{/*
Call with (list name 46): a name that every kind takes (a DNS label that begins with a letter, RFC 1035), and no longer than that. What
has to be changed gets a hash of the whole, so that two names stay two.
*/}}
{{- define "inference-operator.dnsLabel" -}}
{{- $name := toString (index . 0) -}}
{{- $longest := int (index . 1) -}}
{{- if and (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) (le (len $name) $longest) -}}
{{- $name -}}
{{- else -}}
{{- $letters := regexReplaceAll "[^-a-z0-9]" (lower $name) "-" | trimAll "-" -}}
{{- $begun := ternary $letters (printf "n-%s" $letters) (regexMatch "^[a-z]" $letters) -}}
{{- printf "%s-%s" ($begun | trunc (int (sub $longest 9)) | trimSuffix "-") ($name | sha256sum | trunc 8) -}}
{{- end -}}
{{- end -}}

{{/* At most 63 characters, as a label's value may have. */}}
{{- define "inference-operator.labelValue" -}}
{{- $value := toString . | replace "+" "_" -}}
{{- if gt (len $value) 63 -}}
{{- printf "%s-%s" ($value | trunc 54 | trimAll "-_.") ($value | sha256sum | trunc 8) -}}
{{- else -}}
{{- $value -}}
{{- end -}}
{{- end -}}

{{/*
46 characters: "-redis" makes 52 of them, and a StatefulSet of that name has pods with the label controller-revision-hash, which adds up to
11 and must not have more than 63.
*/}}
{{- define "inference-operator.fullname" -}}
{{- $name := include "inference-operator.name" . -}}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- include "inference-operator.dnsLabel" (list (default $whole .Values.fullnameOverride) 46) -}}
{{- end -}}

{{- define "inference-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end -}}

{{- define "inference-operator.redis" -}}
{{- include "inference-operator.fullname" . }}-redis
{{- end -}}

{{- define "inference-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "inference-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Call with (list . "operator"). */}}
{{- define "inference-operator.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "inference-operator.name" $root | include "inference-operator.labelValue" | quote }}
app.kubernetes.io/instance: {{ include "inference-operator.labelValue" $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 | quote }}
{{- end -}}

{{/*
Call with (list . "operator" labels): labels of the user's for this one object win over commonLabels, those over ours, and none of them
over what selectors choose by. Without versions: a new version of the chart must not replace a pod (Redis!) that is the same otherwise.
*/}}
{{- define "inference-operator.podLabels" -}}
{{- $selector := include "inference-operator.selector" . | fromYaml -}}
{{- $ours := dict "app.kubernetes.io/part-of" "inference-operator" -}}
{{- toYaml (merge dict $selector (default dict (index . 2)) (default dict (index . 0).Values.commonLabels) $ours) -}}
{{- end -}}

{{/* Call with (list . "operator"), or (list . "operator" labels) as above. */}}
{{- define "inference-operator.labels" -}}
{{- $root := index . 0 -}}
{{- $selector := include "inference-operator.selector" . | fromYaml -}}
{{- $own := dict -}}
{{- if gt (len .) 2 }}{{ $own = default dict (index . 2) }}{{ end -}}
{{- $ours := dict
  "app.kubernetes.io/version" (include "inference-operator.labelValue" $root.Chart.AppVersion)
  "app.kubernetes.io/managed-by" $root.Release.Service
  "app.kubernetes.io/part-of" "inference-operator"
  "helm.sh/chart" (include "inference-operator.labelValue" (printf "%s-%s" $root.Chart.Name $root.Chart.Version)) -}}
{{- toYaml (merge dict $selector $own (default dict $root.Values.commonLabels) $ours) -}}
{{- end -}}

{{/* Call with (list . .Values.operator.image): registry, repository, and digest or tag. */}}
{{- define "inference-operator.ownImage" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $root.Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- include "inference-operator.image" (dict "image" $image "tag" $root.Chart.AppVersion) -}}
{{- end -}}

{{- define "inference-operator.image" -}}
{{- .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ default .tag .image.tag }}{{ end -}}
{{- end -}}
