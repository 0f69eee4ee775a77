import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, runCommand, withProgress } from '../install/command.mjs';
import { root } from '../install/repository.mjs';

/**
 * Fetches Java libraries with all they need through Maven, once, into a folder of the npm cache.
 * @param {string} name of the folder
 * @param {{ groupId: string, artifactId: string, version: string }[]} dependencies
 * @returns {Promise<string | undefined>} the folder with the jars; undefined where there is no
 *   Maven, or it could not fetch
 */
export async function fetchByMaven(name, dependencies) {
  const folder = join(root, 'node_modules', '.cache', name);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  if (!(await hasProgram('mvn')) || !(await hasProgram('javac'))) return undefined;
  let fetched = false;
  await withProgress('maven', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'pom.xml'), pom(name, dependencies));
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    const { code, output } = await runCommand('mvn', [...args, `-DoutputDirectory=${folder}`], {
      cwd: folder,
    });
    fetched = code === 0;
    if (fetched) writeFileSync(complete, '');
    return fetched ? name : `failed:\n${output.slice(-2000)}`;
  });
  return fetched ? folder : undefined;
}

function pom(name, dependencies) {
  const listed = dependencies.map(
    ({ groupId, artifactId, version }) => `    <dependency>
      <groupId>${groupId}</groupId>
      <artifactId>${artifactId}</artifactId>
      <version>${version}</version>
    </dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>penstock</groupId>
  <artifactId>${name}</artifactId>
  <version>1</version>
  <dependencies>
${listed.join('\n')}
  </dependencies>
</project>
`;
}
