// Figures on which each alert of the chart fires, and healthy ones on which none does, in promtool's notation (start+stepxcount).

interface AlertCase {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
}

const who = 'namespace="models", deployment="llm", pod="llm-1"';
const llm = { namespace: 'models', deployment: 'llm' };

export const alertCases: readonly AlertCase[] = [
  {
    alert: 'InferenceContainerUnhealthy',
    series: { [`inference_container_state{${who}, state="unreachable"}`]: '1x60' },
    at: '15m',
    labels: { ...llm, pod: 'llm-1' },
  },
  {
    alert: 'InferenceRequestsFailing',
    series: {
      [`inference_requests_total{${who}, mode="sync", code="200"}`]: '0+90x60',
      [`inference_requests_total{${who}, mode="sync", code="502"}`]: '0+10x60',
    },
    at: '20m',
    labels: llm,
  },
  {
    alert: 'InferenceRequestsRefused',
    series: { [`inference_requests_total{${who}, mode="sync", code="429"}`]: '0+30x60' },
    at: '20m',
    labels: llm,
  },
  {
    alert: 'InferenceQueueOld',
    series: { [`inference_oldest_waiting_age_seconds{${who}}`]: '0+60x60' },
    at: '20m',
    labels: llm,
  },
  {
    // Looked at every second by its caller: the look-ups must not hide what fails.
    alert: 'InferenceRequestsFailing',
    series: {
      [`inference_requests_total{${who}, mode="lookup", code="200"}`]: '0+6000x60',
      [`inference_requests_total{${who}, mode="async", code="202"}`]: '0+80x60',
      [`inference_requests_total{${who}, mode="async", code="503"}`]: '0+20x60',
    },
    at: '20m',
    labels: llm,
  },
  {
    alert: 'InferenceAsyncAnswersFailing',
    series: {
      [`inference_async_completed_total{${who}, mode="async", code="200"}`]: '0+80x60',
      [`inference_async_completed_total{${who}, mode="async", code="500"}`]: '0+20x60',
    },
    at: '30m',
    labels: llm,
  },
  {
    alert: 'InferenceDeploymentDown',
    series: {
      'inference_deployment_replicas_wanted{namespace="models", deployment="llm", pod="operator-1"}': '2x60',
      'inference_deployment_replicas_ready{namespace="models", deployment="llm", pod="operator-1"}': '0x60',
    },
    at: '45m',
    labels: llm,
  },
  {
    alert: 'InferenceDeploymentInTrouble',
    series: {
      'inference_deployment_phase{namespace="models", deployment="llm", phase="QuotaReached", pod="operator-1"}':
        '1x60',
    },
    at: '20m',
    labels: { ...llm, phase: 'QuotaReached' },
  },
  {
    alert: 'InferenceAsyncLost',
    series: {
      [`inference_async_failed_total{${who}, code="upstream_reset"}`]: '0x30 1x30',
      [`inference_async_expired_total{${who}}`]: '0x60',
    },
    at: '35m',
    labels: llm,
  },
  {
    alert: 'InferenceStoreFailing',
    series: { [`inference_store_errors_total{${who}, operation="submit"}`]: '0+5x60' },
    at: '20m',
    labels: llm,
  },
  {
    alert: 'InferenceOperatorWithoutLeader',
    series: { 'inference_operator_leader{pod="a"}': '0x60', 'inference_operator_leader{pod="b"}': '0x60' },
    at: '10m',
    labels: {},
  },
  {
    alert: 'InferenceOperatorWatchStale',
    series: {
      'inference_operator_leader{pod="a"}': '1x60',
      'inference_operator_watch_staleness_seconds{pod="a", watch="pods"}': '0+60x60',
    },
    at: '30m',
    labels: { pod: 'a', watch: 'pods' },
  },
  {
    alert: 'InferenceOperatorReconcilesFailing',
    series: {
      'inference_operator_reconciles_total{outcome="transient"}': '0+10x60',
      'inference_operator_reconciles_total{outcome="done"}': '0+2x60',
    },
    at: '30m',
    labels: {},
  },
];

export const healthySeries: Readonly<Record<string, string>> = {
  'inference_deployment_replicas_wanted{namespace="models", deployment="llm", pod="operator-1"}': '2x60',
  'inference_deployment_replicas_ready{namespace="models", deployment="llm", pod="operator-1"}': '0x20 1x40',
  'inference_deployment_replicas_wanted{namespace="models", deployment="paused", pod="operator-1"}': '0x60',
  'inference_deployment_replicas_ready{namespace="models", deployment="paused", pod="operator-1"}': '0x60',
  'inference_deployment_phase{namespace="models", deployment="llm", phase="Healthy", pod="operator-1"}': '1x60',
  [`inference_async_completed_total{${who}, mode="async", code="200"}`]: '0+99x60',
  [`inference_async_completed_total{${who}, mode="async", code="500"}`]: '0+1x60',
  [`inference_requests_total{${who}, mode="lookup", code="404"}`]: '0+900x60',
  [`inference_container_state{${who}, state="healthy"}`]: '1x60',
  [`inference_container_state{${who}, state="unhealthy"}`]: '1x5 0x55',
  [`inference_requests_total{${who}, mode="sync", code="200"}`]: '0+99x60',
  [`inference_requests_total{${who}, mode="sync", code="502"}`]: '0+1x60',
  [`inference_requests_total{${who}, mode="sync", code="429"}`]: '0+1x60',
  [`inference_oldest_waiting_age_seconds{${who}}`]: '30x60',
  [`inference_async_failed_total{${who}, code="upstream_reset"}`]: '3x60',
  [`inference_async_expired_total{${who}}`]: '0x60',
  [`inference_store_errors_total{${who}, operation="submit"}`]: '2x60',
  'inference_operator_leader{pod="a"}': '1x60',
  'inference_operator_leader{pod="b"}': '0x60',
  'inference_operator_watch_staleness_seconds{pod="a", watch="pods"}': '25x60',
  'inference_operator_reconciles_total{outcome="transient"}': '0+1x60',
  'inference_operator_reconciles_total{outcome="done"}': '0+20x60',
};
