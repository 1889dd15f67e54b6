{{/*
What values.schema.json cannot say in a sentence: it would show a regular expression. All that is wrong is said at once, and no secret
is shown. A row is path, value, pattern, and what the value must be.
*/}}

{{- define "inference-operator.checkValues" -}}
{{- $v := .Values -}}
{{- $dnsLabel := "^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$" -}}
{{- $isLabel := "must be at most 63 of a-z, 0-9 and \"-\", begin with a letter and not end with \"-\"" -}}
{{- $isNamespace := "must be the name of a namespace: at most 63 of a-z, 0-9 and \"-\"" -}}
{{- $namespace := "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" -}}
{{- $isQuantity := "must be a quantity such as 500m, 2, 1.5Gi or 32M (write 32M or 32Mi, not 32MB)" -}}
{{- $quantity := "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$" -}}
{{- $rows := list
  (list "redis.maxmemory" $v.redis.maxmemory "^[0-9]+(kb|mb|gb)?$" "must be a number of bytes, or one with kb, mb or gb, such as 1gb")
  (list "redis.auth.password" $v.redis.auth.password "^([!#-\\[\\]-~]{12,})?$" "must have at least 12 characters, none of them a blank, a quotation mark, a backslash or beyond ASCII; leave it empty for one made at random")
  (list "redis.persistence.size" $v.redis.persistence.size $quantity $isQuantity)
  (list "redis.image.tag" (coalesce $v.redis.image.digest $v.redis.image.tag) "." "must not be empty where redis.image.digest is")
  (list "externalRedis.url" $v.externalRedis.url "^(rediss?(\\+(sentinel|cluster))?://.+)?$" "must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://")
  (list "sidecar.tracesEndpoint" $v.sidecar.tracesEndpoint "^(https?://.+)?$" "must begin with http:// or https://, or be empty")
  (list "imageRegistry" $v.imageRegistry "^([A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]*)?)?$" "must be a host, with port and path if it has them, and without http://")
  (list "monitoring.podMonitor.interval" $v.monitoring.podMonitor.interval "^([0-9]+(ms|s|m|h))+$" "must be a duration such as 30s or 1m")
  (list "test.path" $v.test.path "^/[!-~]*$" "must begin with / and hold no blank") -}}
{{- range $path, $value := dict "nameOverride" $v.nameOverride "fullnameOverride" $v.fullnameOverride "test.deployment" $v.test.deployment }}
  {{- if $value }}{{ $rows = append $rows (list $path $value $dnsLabel $isLabel) }}{{ end }}
{{- end }}
{{- with $v.test.namespace }}{{ $rows = append $rows (list "test.namespace" . $namespace $isNamespace) }}{{ end }}
{{- range $v.watchNamespaces }}{{ $rows = append $rows (list "watchNamespaces" . $namespace $isNamespace) }}{{ end }}
{{- range $path, $names := dict
  "sidecar.imagePullSecrets" $v.sidecar.imagePullSecrets
  "serviceAccount.name" (list $v.serviceAccount.name)
  "operator.priorityClassName" (list $v.operator.priorityClassName)
  "redis.priorityClassName" (list $v.redis.priorityClassName)
  "redis.persistence.storageClassName" (list $v.redis.persistence.storageClassName)
  "redis.auth.existingSecret" (list $v.redis.auth.existingSecret)
  "redis.tls.existingSecret" (list $v.redis.tls.existingSecret)
  "externalRedis.existingSecret" (list $v.externalRedis.existingSecret) }}
  {{- range $names }}
    {{- $rows = append $rows (list $path . "^([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?)?$" "must be the name of an object: at most 253 of a-z, 0-9, \"-\" and \".\"") }}
  {{- end }}
{{- end }}
{{- range $path, $image := dict "operator" $v.operator.image "sidecar" $v.sidecar.image "redis" $v.redis.image }}
  {{- $rows = append $rows (list (printf "%s.image.digest" $path) $image.digest "^(sha256:[0-9a-f]{64})?$" "must be sha256: and 64 hexadecimal digits") }}
{{- end }}
{{- range $path, $resources := dict "operator" $v.operator.resources "sidecar" $v.sidecar.resources "redis" $v.redis.resources }}
  {{- range $kind, $amounts := default dict $resources }}{{ range $name, $amount := default dict $amounts }}
    {{- $rows = append $rows (list (printf "%s.resources.%s.%s" $path $kind $name) $amount $quantity $isQuantity) }}
  {{- end }}{{ end }}
{{- end }}
{{- range $path, $labels := dict "commonLabels" $v.commonLabels "operator.podLabels" $v.operator.podLabels "redis.podLabels" $v.redis.podLabels
  "deployments.podMonitorLabels" $v.deployments.podMonitorLabels "monitoring.podMonitor.labels" $v.monitoring.podMonitor.labels
  "monitoring.prometheusRule.labels" $v.monitoring.prometheusRule.labels "monitoring.dashboard.labels" $v.monitoring.dashboard.labels }}
  {{- range $key, $value := default dict $labels }}
    {{- $rows = append $rows (list (printf "%s.%s" $path $key) $value "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$" "must be the value of a label: at most 63 letters, digits, \"-\", \"_\" or \".\", beginning and ending with a letter or digit") }}
  {{- end }}
{{- end }}
{{- $wrong := list }}
{{- range $rows }}
  {{- $value := ternary "" (toString (index . 1)) (kindIs "invalid" (index . 1)) }}
  {{- if not (regexMatch (index . 2) $value) }}{{ $wrong = append $wrong (printf "%s %s" (index . 0) (index . 3)) }}{{ end }}
{{- end }}
{{- if $wrong }}{{ fail (printf "\n  %s" (join "\n  " $wrong)) }}{{ end }}
{{- include "inference-operator.checkStore" . }}
{{- end -}}
