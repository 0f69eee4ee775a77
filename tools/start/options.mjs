export const help = `Usage: npm start [-- OPTIONS]
       npm start -- recover [--dry-run | --help]

Starts Penstock: the embedded Kafka-compatible broker, the API with its dashboard, and workers.
Installs and builds what is missing or changed; a second start with nothing changed does neither.

  --demo      run the sample pipelines with their generators, so that there is something to see
  --prebuilt  take what is installed and built as it is (containers)
  --help      this text

recover rebuilds broker.db (topics, groups, offsets) from the records after it was lost or damaged.

Settings are environment variables; the README lists them all. The ones most asked for:
  PENSTOCK_KAFKA_PORT  9092        PENSTOCK_HTTP_PORT  8080        PENSTOCK_BIND  127.0.0.1
  PENSTOCK_DATA_DIR    ./data      REDIS_URL  redis://127.0.0.1:6379
  PENSTOCK_WORKERS     1           worker processes that share the partitions of the pipelines
  KAFKA_BOOTSTRAP_SERVERS          an Apache Kafka cluster to use instead of the embedded broker

Ctrl-C stops everything within ten seconds.
`;

/**
 * @param {string[]} words what follows the script's name
 * @returns {{ demo: boolean, prebuilt: boolean, help: boolean, unknown: string | undefined,
 *   recover: string[] | undefined }} `recover` are the words for the broker when its metadata is to
 *   be rebuilt
 */
export function parseOptions(words) {
  if (words[0] === 'recover') {
    const own = words.filter((word) => word !== '--prebuilt');
    return {
      demo: false,
      prebuilt: own.length < words.length,
      help: false,
      unknown: undefined,
      recover: own,
    };
  }
  const known = new Set(['--demo', '--prebuilt', '--help', '-h']);
  return {
    demo: words.includes('--demo'),
    prebuilt: words.includes('--prebuilt'),
    help: words.includes('--help') || words.includes('-h'),
    unknown: words.find((word) => !known.has(word)),
    recover: undefined,
  };
}
