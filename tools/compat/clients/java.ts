import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot, run } from '@penstock/testing';
import { hasProgram, runCommand } from '../../install/command.mjs';
import { ProcessDriver } from '../driver.ts';
import type { ClientSource } from './client.ts';

const driverSource = join(repositoryRoot, 'tools/compat/drivers/Driver.java');
const jackson = {
  groupId: 'com.fasterxml.jackson.core',
  artifactId: 'jackson-databind',
  version: '2.19.2',
};
const quiet = { groupId: 'org.slf4j', artifactId: 'slf4j-nop', version: '1.7.36' };

export const javaClients: ClientSource[] = ['4.3.1', '2.8.2'].map((version) => ({
  name: `java-${version}`,
  title: `Java kafka-clients ${version}`,
  async prepare(cacheFolder) {
    const jars = await javaLibraries(cacheFolder, `java-${version}`, [
      { groupId: 'org.apache.kafka', artifactId: 'kafka-clients', version },
      jackson,
      quiet,
    ]);
    if (typeof jars !== 'object') return jars;
    const classes = join(jars.folder, 'classes');
    await run('javac', ['-nowarn', '-d', classes, '-cp', jars.classPath, driverSource], {
      deadlineMs: 120_000,
    });
    const classPath = `${classes}:${jars.classPath}`;
    return {
      name: `java-${version}`,
      title: `Java kafka-clients ${version}`,
      start: (servers) =>
        new ProcessDriver(['java', ...smallJvm, '-cp', classPath, 'Driver', servers]),
    };
  },
}));

/** Starts fast and stays small; nothing here runs for long. */
export const smallJvm = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

export interface MavenArtifact {
  groupId: string;
  artifactId: string;
  version: string;
}

/** Fetches libraries and what they need through Maven, once; or says why that is not possible. */
export async function javaLibraries(
  cacheFolder: string,
  name: string,
  artifacts: readonly MavenArtifact[],
): Promise<{ folder: string; classPath: string } | string> {
  for (const program of ['java', 'javac', 'mvn']) {
    if (!(await hasProgram(program))) return `${program} is not installed`;
  }
  const folder = join(cacheFolder, name);
  const jars = join(folder, 'jars');
  const found = { folder, classPath: join(jars, '*') };
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return found;
  await mkdir(jars, { recursive: true });
  await writeFile(join(folder, 'pom.xml'), pom(artifacts));
  const { code, output } = await runCommand(
    'mvn',
    [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${jars}`,
    ],
    { cwd: folder },
  );
  if (code !== 0 || (await readdir(jars)).length === 0) {
    return `Maven could not fetch it: ${firstProblem(output)}`;
  }
  await writeFile(complete, '');
  return found;
}

function firstProblem(output: string): string {
  return (
    output
      .split('\n')
      .find((line) => line.includes('ERROR'))
      ?.slice(0, 200) ?? 'no reason given'
  );
}

function pom(artifacts: readonly MavenArtifact[]): string {
  const dependencies = artifacts.map(
    ({ groupId, artifactId, version }) =>
      `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId>` +
      `<version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>penstock</groupId><artifactId>compat</artifactId><version>1</version>
  <dependencies>${dependencies.join('\n')}</dependencies>
</project>
`;
}
