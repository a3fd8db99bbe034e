# A VirtualService that gives v2 so many of a hundred: as a merge patch. --argjson percent NUMBER, or null: no tracks.
.spec.http
| map(.route[0].destination.host as $host
    | .route = if $percent == null then [{destination: {host: $host}}] else [
        {destination: {host: $host, subset: "v1"}, weight: (100 - $percent)},
        {destination: {host: $host, subset: "v2"}, weight: $percent}
    ] end)
| {spec: {http: .}}
