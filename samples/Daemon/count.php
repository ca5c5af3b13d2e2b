<?php
// Answers each message with the number of messages that its user has sent.
//
//     eit serve ... --endpoints '/count=exec:php count.php'

$counts = [];
while (($line = fgets(STDIN)) !== false) {
    $event = json_decode($line, true);
    if ($event['event'] !== 'message') { continue; }
    $user = $event['user'] ?? 'somebody';
    $counts[$user] = ($counts[$user] ?? 0) + 1;
    $answer = ['action' => 'send', 'id' => $event['id'], 'text' => "$user: {$counts[$user]}"];
    fwrite(STDOUT, json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES) . "\n");
}
