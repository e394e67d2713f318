rule:
    name:
        module_name
    input:
        data=alg_input_data(),
    output:
        seqgraph=alg_output_seqgraph_path(module_name),
        time=alg_output_time_path(module_name),
        ntests=alg_output_ntests_path(module_name),
    container:
        None # With an image built from the Dockerfile of dag_gfn: "docker://user/dag_gfn:0.1.0"
    script:
        "../dag_gfn/script.py"
