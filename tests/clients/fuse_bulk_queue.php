<?php
// A file of calls uploaded with curl; the answer is asked for, and read, as XML.
list(, $server, $customer, $file) = $argv;
$curl = curl_init("$server/api/apps/1/1/bulk_queue");
curl_setopt_array($curl, array(
    CURLOPT_USERPWD => 'demo@example.com:demo-key',
    CURLOPT_HTTPHEADER => array('Accept: application/xml'),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_POSTFIELDS => array(
        'result_url' => "$customer/result",
        'csv' => new CURLFile($file, 'text/csv', 'list.csv'),
    ),
));
$result = simplexml_load_string(curl_exec($curl));
foreach ($result->call_ids->item as $call_id) {
    echo (int) $call_id, "\n";
}
foreach ($result->errors->item as $item) {
    echo "line {$item->line}: {$item->error}\n";
}
