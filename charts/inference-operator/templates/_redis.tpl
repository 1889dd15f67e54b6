{{/* Which store the deployments use, and what does not fit together said before anything is installed. */}}

{{- define "inference-operator.checkStore" -}}
{{- $external := or .Values.externalRedis.url .Values.externalRedis.existingSecret -}}
{{- if and .Values.redis.enabled $external -}}
{{- fail "externalRedis and redis.enabled are both set: set redis.enabled=false to use your own Redis, or remove externalRedis" -}}
{{- end -}}
{{- if and .Values.externalRedis.url .Values.externalRedis.existingSecret -}}
{{- fail "externalRedis.url and externalRedis.existingSecret are both set: keep one of them" -}}
{{- end -}}
{{- end -}}

{{- define "inference-operator.hasStore" -}}
{{- if or .Values.redis.enabled .Values.externalRedis.url .Values.externalRedis.existingSecret -}}true{{- end -}}
{{- end -}}

{{- define "inference-operator.redisUrl" -}}
{{ ternary "rediss" "redis" .Values.redis.tls.enabled }}://{{ include "inference-operator.redis" . }}.{{ .Release.Namespace }}.svc:6379/0
{{- end -}}

{{- define "inference-operator.redisSecret" -}}
{{- default (include "inference-operator.redis" .) .Values.redis.auth.existingSecret -}}
{{- end -}}

{{- define "inference-operator.redisTlsSecret" -}}
{{- default (printf "%s-tls" (include "inference-operator.redis" .)) .Values.redis.tls.existingSecret -}}
{{- end -}}

{{- define "inference-operator.externalSecret" -}}
{{- default (printf "%s-external-redis" (include "inference-operator.fullname" .)) .Values.externalRedis.existingSecret -}}
{{- end -}}
