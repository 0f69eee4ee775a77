// Programs that npm does not bring: other clients of Kafka, a browser, Redis. Tests that need one
// of them are skipped where it is missing, and fail where CI is set.
import { hasProgram } from '../install/command.mjs';
import { installPackages, mayInstallPackages } from '../install/packages.mjs';
import { ensureJavaClients } from './java-clients.mjs';

const needed = [
  { program: 'redis-server', debian: 'redis-server', for: 'batch jobs' },
  { program: 'kcat', debian: 'kcat', for: 'librdkafka as a client' },
  {
    program: 'chromium-headless-shell',
    debian: 'chromium-headless-shell',
    for: 'the dashboard in a browser, at half the time that chromium takes',
  },
  { program: 'nginx', debian: 'nginx-light', for: 'a proxy in front' },
  { program: 'haproxy', debian: 'haproxy', for: 'a proxy in front, with probes' },
  { program: 'openssl', debian: 'openssl', for: 'a proxy that ends TLS' },
  { program: 'javac', debian: 'default-jdk-headless', for: 'Java as a client' },
  { program: 'faketime', debian: 'faketime', for: 'clocks that are set' },
  { program: 'mvn', debian: 'maven', for: "fetching Java's client" },
];

/** Installs what is missing where that is allowed, and says in one line each what stays missing. */
export async function ensureForeignTools() {
  const missing = await missingTools();
  if (missing.length > 0 && (await mayInstallPackages())) {
    await installPackages(missing.map(({ debian }) => debian));
  }
  for (const tool of await missingTools()) {
    console.log(
      `  without ${tool.program} (for ${tool.for}); to have it: sudo apt-get install ${tool.debian}`,
    );
  }
  if (!(await ensureJavaClients())) {
    console.log("  without Apache Kafka's Java client: it takes Maven, a JDK and their registry");
  }
}

async function missingTools() {
  const found = await Promise.all(needed.map(({ program }) => hasProgram(program)));
  return needed.filter((_, index) => !found[index]);
}
