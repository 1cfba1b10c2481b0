package visibility

// For tests of re-stamping from outside.
const RestampChunk = restampChunk

var RestampBy = restamp
