export const help = `Usage: npm start [-- OPTIONS]

Starts Penstock: the embedded Kafka-compatible broker, the API with its dashboard, and a worker.
Installs and builds what is missing or changed; a second start with nothing changed does neither.

  --demo      run the sample pipelines with their generators, so that there is something to see
  --prebuilt  take what is installed and built as it is (containers)
  --help      this text

Settings are environment variables; the README lists them all. The ones most asked for:
  PENSTOCK_KAFKA_PORT  9092        PENSTOCK_HTTP_PORT  8080        PENSTOCK_BIND  127.0.0.1
  PENSTOCK_DATA_DIR    ./data      REDIS_URL  redis://127.0.0.1:6379
  KAFKA_BOOTSTRAP_SERVERS          an Apache Kafka cluster to use instead of the embedded broker

Ctrl-C stops everything within ten seconds.
`;

/**
 * @param {string[]} words what follows the script's name
 * @returns {{ demo: boolean, prebuilt: boolean, help: boolean, unknown: string | undefined }}
 */
export function parseOptions(words) {
  const known = new Set(['--demo', '--prebuilt', '--help', '-h']);
  return {
    demo: words.includes('--demo'),
    prebuilt: words.includes('--prebuilt'),
    help: words.includes('--help') || words.includes('-h'),
    unknown: words.find((word) => !known.has(word)),
  };
}
