# docker build -t dag_gfn . && docker run --rm -v "$PWD:/data" dag_gfn fit survey.csv --out out/
# apptainer build dag_gfn.sif docker-daemon://dag_gfn:latest && apptainer run dag_gfn.sif fit survey.csv --out out/
FROM python:3.13-slim
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /opt/dag_gfn
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)"
COPY dag_gfn dag_gfn
RUN pip install --no-cache-dir -c constraints.txt '.[files]'
# compiled code of the first fit is kept with the data's user, who may be anybody
ENV NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /data
ENTRYPOINT ["dag-gfn"]
