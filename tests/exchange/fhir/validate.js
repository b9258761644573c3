// Reads a JSON array of resources, answers with what the npm package `fhir` finds wrong in each.
const { Fhir } = require(process.argv[2] + "/fhir");
const fhir = new Fhir();
let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => {
  const found = JSON.parse(text).map((resource) => {
    const result = fhir.validate(resource, { errorOnUnexpected: true });
    return (result.messages || [])
      .filter((each) => each.severity === "error" || each.severity === "fatal")
      .map((each) => `${resource.resourceType}/${resource.id}: ${each.location}: ${each.message}`);
  });
  console.log(JSON.stringify(found.flat()));
});
