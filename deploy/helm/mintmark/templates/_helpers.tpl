{{- define "mintmark.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "mintmark.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mintmark.labels" -}}
{{ include "mintmark.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "mintmark.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The configuration as the nodes read it: what the user wrote, and the TLS that the chart mounts. */ -}}
{{- define "mintmark.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.tlsSecretName -}}
{{- $tls := dict "certificate" "/run/secrets/mintmark-tls/tls.crt" "key" "/run/secrets/mintmark-tls/tls.key" -}}
{{- $config = set $config "tls" (merge $tls ($config.tls | default dict)) -}}
{{- end -}}
{{- if not (or $config.tls $config.trustedProxies $config.insecureHttp) -}}
{{- fail "Others can reach the nodes: set tlsSecretName, or config.trustedProxies if a proxy in front of them ends TLS, or config.insecureHttp: true" -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}

{{- define "mintmark.scheme" -}}
{{- if or .Values.tlsSecretName .Values.config.tls -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}
