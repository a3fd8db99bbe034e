# Of a sidecar's configuration: does it give v2 of this host so many of a hundred? --arg host HOST --argjson percent NUMBER, or null: no tracks.
[.configs[].route_config.virtual_hosts[] | select(.domains | index($host)) | .routes[].route
    | if .weighted_clusters then [.weighted_clusters.clusters[] | select(.name | contains("|v2|")).weight] | add // 0
      elif .cluster | contains("|v1|") then 0
      elif .cluster | contains("|v2|") then 100
      else null end]
| unique == [$percent]
