import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, runCommand, withProgress } from '../install/command.mjs';
import { root } from '../install/repository.mjs';

const VERSION = '4.3.1';
/** Where the tests find Apache Kafka's own Java client and what it needs. */
export const javaClientFolder = join(root, 'node_modules', '.cache', `kafka-clients-${VERSION}`);

/**
 * Fetches Apache Kafka's Java client through Maven, once.
 * @returns {Promise<boolean>} false where there is no Maven, or it could not fetch
 */
export async function ensureJavaClients() {
  if (existsSync(javaClientFolder) && readdirSync(javaClientFolder).length >= 5) return true;
  if (!(await hasProgram('mvn')) || !(await hasProgram('javac'))) return false;
  let fetched = false;
  await withProgress('maven', async () => {
    mkdirSync(javaClientFolder, { recursive: true });
    writeFileSync(join(javaClientFolder, 'pom.xml'), pom);
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    const { code, output } = await runCommand(
      'mvn',
      [...args, `-DoutputDirectory=${javaClientFolder}`],
      { cwd: javaClientFolder },
    );
    fetched = code === 0;
    return fetched ? `kafka-clients ${VERSION}` : `failed:\n${output.slice(-2000)}`;
  });
  return fetched;
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>penstock</groupId>
  <artifactId>java-clients</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-clients</artifactId>
      <version>${VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
