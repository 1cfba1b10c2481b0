//go:build race

package testenv

// RaceDetector says whether the tests, and so the program they build, have it.
const RaceDetector = true
