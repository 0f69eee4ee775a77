import { readEarthquakes } from './earthquake-features.ts';

// Prints the week's earthquakes as NDJSON, one GeoJSON feature a line, ready to be posted:
//   node pipelines/dist/demo/print-earthquakes.js |
//     curl --data-binary @- -H 'Content-Type: application/x-ndjson'
//     localhost:8080/ingest/earthquakes

const features = await readEarthquakes();
process.stdout.write(features.map((feature) => `${JSON.stringify(feature)}\n`).join(''));
