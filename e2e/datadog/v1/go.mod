// A module of its own: dd-trace-go v1.43.1 does not build with today's google/pprof, only with the one that its go.mod names.
module github.com/cmemprof/cmemprof/e2e/datadog/v1

go 1.25.0

require gopkg.in/DataDog/dd-trace-go.v1 v1.43.1

require (
	github.com/DataDog/datadog-go/v5 v5.0.2 // indirect
	github.com/DataDog/gostackparse v0.5.0 // indirect
	github.com/Microsoft/go-winio v0.5.1 // indirect
	github.com/google/pprof v0.0.0-20210423192551-a2663126120b // indirect
	github.com/google/uuid v1.3.0 // indirect
	golang.org/x/sys v0.0.0-20220722155257-8c9f86f7a55f // indirect
)
