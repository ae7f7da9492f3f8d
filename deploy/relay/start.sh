# Starts the relay. Volumes belong to root on Railway, so root hands its folder over and then stops being root.
set -eu
if [ "$(id -u)" = 0 ]; then
    chown -R relay:relay "${RAILWAY_VOLUME_MOUNT_PATH:-/data}"
    exec setpriv --reuid relay --regid relay --init-groups --no-new-privs python scripts/deploy_verdict relay
fi
exec python scripts/deploy_verdict relay
