// Parts of prom-client that are imported alone: the whole package also loads its push gateway, its cluster and TLS.
declare module 'prom-client/lib/counter.js' {
  import { Counter } from 'prom-client';
  // biome-ignore lint/style/noDefaultExport: that is how a CommonJS module comes in.
  export default Counter;
}
declare module 'prom-client/lib/gauge.js' {
  import { Gauge } from 'prom-client';
  // biome-ignore lint/style/noDefaultExport: the same.
  export default Gauge;
}
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';
  // biome-ignore lint/style/noDefaultExport: the same.
  export default Registry;
}
declare module 'prom-client/lib/defaultMetrics.js' {
  import { collectDefaultMetrics } from 'prom-client';
  // biome-ignore lint/style/noDefaultExport: the same.
  export default collectDefaultMetrics;
}
