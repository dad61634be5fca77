// Reads every document of every model with a real Prisma client, and says what it saw, as a line of JSON.
const path = require('path');
const fs = require('fs');
const { getDMMF } = require('@prisma/internals');
const { getPrismaClient } = require('@prisma/client/runtime');

async function main() {
  const file = path.resolve(process.argv[2]);
  const datamodel = fs.readFileSync(file, 'utf8');
  const document = await getDMMF({ datamodel });
  const Client = getPrismaClient({
    document,
    generator: { name: 'client', provider: { value: 'prisma-client-js' }, previewFeatures: [], config: {}, binaryTargets: [] },
    relativePath: '.',
    dirname: path.dirname(file),
    clientVersion: '4.6.1',
    engineVersion: '694eea289a8462c80264df36757e4fdc129b1b32',
    datasourceNames: ['db'],
    activeProvider: 'mongodb',
    dataProxy: false,
    relativeEnvPaths: { rootEnvPath: null, schemaEnvPath: null },
  });
  const client = new Client();
  const seen = {};
  for (const model of document.datamodel.models) {
    const of = client[model.name[0].toLowerCase() + model.name.slice(1)];
    const include = {};
    for (const field of model.fields) if (field.kind === 'object' && field.relationName) include[field.name] = true;
    const arguments_ = Object.keys(include).length ? { include } : {};
    try { seen[model.name] = (await of.findMany(arguments_)).length; }
    catch (error) { seen[model.name] = `${error.code || ''} ${error.message}`.slice(0, 600); }
  }
  await client.$disconnect();
  console.log(JSON.stringify(seen));
}
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
