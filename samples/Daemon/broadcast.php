<?php
// Sends a message to all connections of a channel, as a web page's script would: by HTTP over the control socket of a running server.
//
//     EIT_CONTROL=/run/eit/control php broadcast.php CHANNEL TEXT

[, $channel, $text] = $argv;
$socket = stream_socket_client('unix://' . getenv('EIT_CONTROL'), $code, $error) or exit("There is no server: $error\n");
fwrite($socket, 'POST /messages?channel=' . urlencode($channel) . " HTTP/1.0\r\nContent-Length: " . strlen($text) . "\r\n\r\n" . $text);
[$head, $body] = explode("\r\n\r\n", stream_get_contents($socket), 2);    // 1.0: the answer ends with the connection.
$answer = json_decode($body, true);
if (!str_starts_with($head, 'HTTP/1.1 200 ')) {
    fwrite(STDERR, "{$answer['error']}\n");
    exit(1);
}
echo "{$answer['accepted']} connections have it, {$answer['refused']} have no room for it.\n";
