// undici's pool alone: the whole package costs 8 MiB and 40 ms more at start.
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  // biome-ignore lint/style/noDefaultExport: that is how a CommonJS module comes in.
  export default Pool;
}
