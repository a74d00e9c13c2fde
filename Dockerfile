FROM node:26-slim AS build
WORKDIR /src
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:26-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends git openssh-client ca-certificates curl tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json LICENSE README.md ./
COPY docs ./docs
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
RUN ln -s /app/dist/cli/main.js /usr/local/bin/runhook \
 && install -d -o node -g node -m 0700 /data \
 && install -d /config
USER node
VOLUME /data
EXPOSE 9000
HEALTHCHECK --interval=30s --timeout=3s CMD ["curl", "-fsS", "http://127.0.0.1:9000/healthz"]
ENTRYPOINT ["tini", "--", "runhook"]
CMD ["serve", "--host", "0.0.0.0", "--config", "/config/hooks.json", "--data", "/data"]
