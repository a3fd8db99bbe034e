# A VirtualService that gives v2 so many of a hundred: as a merge patch. --argjson percent NUMBER, or null: no tracks.
.spec.http
| map((.route[0].destination | del(.subset)) as $to
    | .route = if $percent == null then [{destination: $to}] else [
        {destination: ($to + {subset: "v1"}), weight: (100 - $percent)},
        {destination: ($to + {subset: "v2"}), weight: $percent}
    ] end)
| {spec: {http: .}}
