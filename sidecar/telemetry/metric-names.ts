// Every metric of the sidecar: name, kind, labels and what it says. README.md shows this table; a test holds them together.
// Process and event-loop metrics of prom-client come on top, under their usual names.

interface Row {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

const table = <T extends Readonly<Record<string, Row>>>(rows: T): T => rows;

/** From an answer out of a cache to an inference of many minutes. */
const seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800] as const;
/** From one token at full speed to a stall. */
const gaps = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;
const storeSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5] as const;

export const metricNames = table({
  inference_requests_total: {
    kind: 'counter',
    labels: ['mode', 'code'],
    help: 'Answered requests by mode and status code; 499: the client left before the answer began',
  },
  inference_problems_total: { kind: 'counter', labels: ['code'], help: 'Answers of the error table by its code' },
  inference_request_duration_seconds: {
    kind: 'histogram',
    labels: ['mode'],
    buckets: seconds,
    help: 'From arrival to the end of the answer',
  },
  inference_queue_wait_seconds: {
    kind: 'histogram',
    labels: ['mode'],
    buckets: seconds,
    help: 'From arrival or acceptance to a slot in the container',
  },
  inference_time_to_first_byte_seconds: {
    kind: 'histogram',
    labels: ['mode'],
    buckets: seconds,
    help: 'From arrival to the head of the answer',
  },
  inference_time_to_first_token_seconds: {
    kind: 'histogram',
    buckets: seconds,
    help: 'Event streams: from arrival to the first chunk',
  },
  inference_inter_token_gap_seconds: {
    kind: 'histogram',
    buckets: gaps,
    help: 'Event streams: time between two chunks',
  },
  inference_in_flight: { kind: 'gauge', help: 'Requests inside the container' },
  inference_waiting: { kind: 'gauge', help: 'Sync requests waiting in this replica' },
  inference_concurrency_limit: { kind: 'gauge', help: 'Requests that may be inside the container at a time' },
  inference_client_connections: { kind: 'gauge', help: 'Open client connections' },
  inference_client_connections_refused_total: {
    kind: 'counter',
    help: 'Client connections closed at once, because there were as many as there may be',
  },
  inference_memory_budget_bytes: {
    kind: 'gauge',
    help: 'Bytes that requests, answers and connections may take in memory',
  },
  inference_memory_used_bytes: { kind: 'gauge', help: 'Bytes of the memory budget that are taken now' },
  inference_memory_high_water_bytes: {
    kind: 'gauge',
    help: 'Most bytes of the memory budget taken at a time since the start',
  },
  inference_memory_refused_total: {
    kind: 'counter',
    help: 'Requests refused and connections closed because the memory budget was used up',
  },
  inference_draining: { kind: 'gauge', help: '1 while the replica drains' },
  inference_container_state: {
    kind: 'gauge',
    labels: ['state'],
    help: '1 for the state the container is in: starting, healthy, busy, unhealthy or unreachable',
  },
  inference_async_accepted_total: { kind: 'counter', labels: ['mode'], help: 'Async requests stored' },
  inference_async_refused_total: { kind: 'counter', labels: ['reason'], help: 'Async requests not stored' },
  inference_async_completed_total: {
    kind: 'counter',
    labels: ['mode', 'code'],
    help: 'Async requests the container answered, by its status code',
  },
  inference_async_run_seconds: {
    kind: 'histogram',
    labels: ['mode'],
    buckets: seconds,
    help: 'Async requests: time inside the container',
  },
  inference_async_failed_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Async requests given up after their last attempt, by the reason of that one',
  },
  inference_async_expired_total: { kind: 'counter', help: 'Async requests past their deadline' },
  inference_async_canceled_total: { kind: 'counter', help: 'Async requests canceled' },
  inference_async_retried_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Attempts without a response, to be repeated',
  },
  inference_async_handed_back_total: { kind: 'counter', help: 'Async requests given back by a draining replica' },
  inference_async_leases_lost_total: {
    kind: 'counter',
    labels: ['whose'],
    help: 'Leases that ran out: own, or of another replica and taken back by this one',
  },
  inference_async_queued: { kind: 'gauge', help: 'Async requests waiting in the whole deployment' },
  inference_async_running: { kind: 'gauge', help: 'Async requests running in the whole deployment' },
  inference_async_dead_letters: { kind: 'gauge', help: 'Async requests set aside after their last attempt' },
  inference_oldest_waiting_age_seconds: { kind: 'gauge', help: 'Age of the oldest waiting async request' },
  inference_stored_bytes: { kind: 'gauge', help: 'Bytes the deployment keeps in the store' },
  inference_breaker_state: { kind: 'gauge', labels: ['state'], help: '1 for the state of the claim breaker' },
  inference_webhooks_total: { kind: 'counter', labels: ['outcome'], help: 'Deliveries of completions' },
  inference_store_operation_seconds: {
    kind: 'histogram',
    labels: ['operation'],
    buckets: storeSeconds,
    help: 'Time of a step of the store',
  },
  inference_store_errors_total: { kind: 'counter', labels: ['operation'], help: 'Failed steps of the store' },
} as const);

export type MetricName = keyof typeof metricNames;
type NameOf<K extends Row['kind']> = {
  [N in MetricName]: (typeof metricNames)[N]['kind'] extends K ? N : never;
}[MetricName];
export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
