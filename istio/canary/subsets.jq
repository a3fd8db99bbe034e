# A DestinationRule that knows both tracks: as a merge patch.
{spec: {subsets: [{name: "v1", labels: {version: "v1"}}, {name: "v2", labels: {version: "v2"}}]}}
